// Drawings of numbers: columns over time, and how long things took. Each has a sentence that says the same, and a table.
//
// What is drawn is known by its place and its pattern too, never by its colour alone.

import { fill, h, s, set } from "./dom.js";
import { clockOfDay, count, duration, many } from "./format.js";

const HEIGHT = 190;
const LEFT = 34; // for the numbers of the scale
const FOOT = 22; // for the times of day
const HEAD = 8;

/** The least round number that is no less: 1, 2, 3, 4, 5, 6, 8, 10, 20, … */
function nice(number) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(number, 1)));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((step) => step >= number) ?? 10 * unit;
}

/**
 * Columns of completed and failed jobs over time. `draw(columns, minutes)`: [{at, completed, failed}], minutes a column.
 * `name`: what it is called; `first` and `label`: what a column is, and which one; `width`: how long it is, if not minutes.
 */
export function throughput({ name = "Throughput", first = "From", label = (column) => clockOfDay(column.at), width: wide } = {}) {
  const place = h("div", { class: "chart" });
  const rows = h("tbody", {});
  const table = h(
    "details",
    { class: "chart-table" },
    h("summary", {}, "As a table"),
    h(
      "div",
      { class: "scrolls", tabindex: 0, role: "region", "aria-label": `${name} as a table` },
      h("table", {}, h("thead", {}, h("tr", {}, [first, "Completed", "Failed"].map((name) => h("th", { scope: "col" }, name)))), rows),
    ),
  );
  let last = null;

  function draw(columns, minutes) {
    last = { columns, minutes };
    const width = place.clientWidth;
    if (width === 0) return; // drawn when it has a width
    fill(place, JSON.stringify([width, columns]), () => columnsOf(columns, { width, label, wide: wide ?? (minutes === 1 ? "a minute" : `${minutes} minutes`) }));
    const some = columns.filter((column) => column.completed + column.failed > 0);
    fill(rows, JSON.stringify(some), () =>
      some.map((column) => h("tr", {}, h("th", { scope: "row" }, label(column)), h("td", {}, count(column.completed)), h("td", {}, count(column.failed)))),
    );
    set(table, "hidden", some.length === 0);
  }

  const watch = new ResizeObserver(() => last && draw(last.columns, last.minutes));
  watch.observe(place);
  return { place, table, draw, stop: () => watch.disconnect() };
}

function columnsOf(columns, { width, label, wide }) {
  const top = nice(Math.max(...columns.map(({ completed, failed }) => completed + failed)));
  const inner = HEIGHT - HEAD - FOOT;
  const step = (width - LEFT) / columns.length;
  const thick = Math.max(1, Math.min(step - (step > 5 ? 2 : 0.5), 26));
  const high = (number) => (number / top) * inner;
  const done = columns.reduce((sum, { completed }) => sum + completed, 0);
  const lost = columns.reduce((sum, { failed }) => sum + failed, 0);
  const most = columns.reduce((best, column) => (column.completed > best.completed ? column : best), columns[0]);
  const said = `${many(done, "job")} completed and ${count(lost)} failed${done ? `; the most, ${count(most.completed)}, at ${label(most)}` : ""}. A column is ${wide}.`;
  const lines = top % 2 === 0 ? [0, top / 2, top] : [0, top]; // there are no half jobs
  const every = Math.max(1, Math.ceil(columns.length / Math.max(2, Math.floor(width / 110))));
  return s(
    "svg",
    { width, height: HEIGHT, role: "img", "aria-label": said, class: "columns" },
    s("defs", {}, s("pattern", { id: "hatch", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { class: "hatch-ground", width: 4, height: 4 }), s("rect", { class: "hatch-line", width: 1.6, height: 4 }))),
    lines.flatMap((number) => {
      const y = HEAD + inner - high(number) + 0.5;
      return [s("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }), s("text", { class: "axis", x: LEFT - 8, y: y + 3.5, "text-anchor": "end" }, count(number))];
    }),
    columns.map((column, place) => {
      const x = LEFT + place * step + (step - thick) / 2;
      const [good, bad] = [high(column.completed), high(column.failed)];
      const base = HEAD + inner;
      return s(
        "g",
        { class: "column" },
        s("title", {}, `${label(column)}: ${count(column.completed)} completed, ${count(column.failed)} failed`),
        s("rect", { class: "touch", x: LEFT + place * step, y: HEAD, width: step, height: inner }),
        good > 0 && s("rect", { class: "good", x, y: base - good, width: thick, height: good, rx: Math.min(2, thick / 3) }),
        bad > 0 && s("rect", { class: "bad", x, y: base - good - bad, width: thick, height: bad, fill: "url(#hatch)" }),
      );
    }),
    columns.map((column, place) => place % every === 0 && place + every / 2 <= columns.length && s("text", { class: "axis", x: LEFT + place * step, y: HEIGHT - 5 }, label(column))),
  );
}

/** How long jobs waited and ran: a bar to what half of them took, and a thinner one to what 95 of 100 took. */
export function spreads(named) {
  const top = Math.max(0.001, ...named.map(({ spread }) => spread.p95 ?? 0));
  const share = (seconds) => `${Math.max(0.8, (seconds / top) * 100)}%`;
  return h(
    "dl",
    { class: "spreads" },
    named.map(({ name, spread }) => {
      if (spread.p50 === null || spread.count === 0) return h("div", {}, h("dt", {}, name), h("dd", { class: "hint" }, "Nothing in the last hour."));
      const [half, most] = [h("span", { class: "half" }), h("span", { class: "most" })];
      half.style.setProperty("width", share(spread.p50));
      most.style.setProperty("width", share(spread.p95 ?? spread.p50));
      const number = (label, value) => value !== null && h("span", {}, h("span", { class: "hint" }, `${label} `), h("strong", {}, duration(value)));
      return h(
        "div",
        {},
        h("dt", {}, name),
        h("dd", {}, h("span", { class: "spread-bar", "aria-hidden": "true" }, most, half), h("span", { class: "spread-numbers" }, number("half within", spread.p50), number("95 % within", spread.p95), number("mean", spread.mean))),
      );
    }),
  );
}
