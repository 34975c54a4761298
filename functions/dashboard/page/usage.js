// What the tenant's reports come to, by day and report type. The URL says of which days: #/usage?since=2026-11-01&until=2026-11-30

import { get } from "./api.js";
import { throughput } from "./charts.js";
import { fill, h } from "./dom.js";
import { showFacts } from "./facts.js";
import { bytes, count, duration } from "./format.js";
import { readUsage } from "./model.js";
import { titles } from "./types.js";

const DAY_MS = 86_400_000;
const DAYS = 30; // that are shown unless the URL says otherwise
const MOST_COLUMNS = 92;
const SPANS = [7, 30, 90];

const dayOf = (at) => new Date(at).toISOString().slice(0, 10);
const money = (dollars) => (dollars === 0 ? "$0" : dollars < 0.01 ? `$${Number(dollars.toPrecision(2))}` : `$${dollars.toFixed(2)}`);

export function usage({ query, go }) {
  const span = spanOf(query);
  const warning = h("p", { class: "notice warn", hidden: true }, "The broker is away: the last ten minutes may be missing.");
  const facts = h("dl", { class: "facts figures" });
  const chart = throughput({ name: "Reports by day", first: "Day", label: (day) => day.name.slice(5), width: "a day" });
  const rows = h("tbody", {});
  const columns = ["Day", "Report", "Completed", "Failed", "Pages", "Size", "Rendering", "Cost, at most"];
  const table = h("table", { class: "usage" }, h("caption", { class: "unseen" }, "By day and report type"), h("thead", {}, h("tr", {}, columns.map((name, place) => h("th", { scope: "col", class: place > 1 ? "numeric" : null }, name)))), rows);
  const scrolls = h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "By day and report type" }, table);
  const empty = h("p", { class: "empty", hidden: true }, "No report ended in these days.");
  const since = h("input", { type: "date", id: "since", name: "since", value: span.since, required: true });
  const until = h("input", { type: "date", id: "until", name: "until", value: span.until, required: true });
  const form = h(
    "form",
    { class: "filters by-days", on: { submit: apply } },
    h("div", { class: "field" }, h("label", { for: "since" }, "From"), since),
    h("div", { class: "field" }, h("label", { for: "until" }, "To"), until),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "button" }, "Apply")),
  );

  function apply(event) {
    event.preventDefault();
    if (!since.value || !until.value) return (since.value ? until : since).focus();
    const [from, to] = [since.value, until.value].sort();
    go(`#/usage?${new URLSearchParams({ since: from, until: to })}`);
  }

  function show({ used, title }) {
    warning.hidden = used.isWhole;
    const { total } = used;
    showFacts(facts, [
      ["Completed", count(total.completed)],
      ["Failed", count(total.failed)],
      ["Pages", count(total.pages)],
      ["Size", bytes(total.bytes)],
      ["Rendering", duration(total.seconds)],
      ["Cost, at most", money(total.cost)],
    ]);
    chart.draw(byDay(used.rows, span), 1);
    empty.hidden = used.rows.length > 0;
    scrolls.hidden = used.rows.length === 0;
    fill(rows, JSON.stringify(used.rows), () => [...used.rows].reverse().map((row) => makeRow(row, title)));
    return false;
  }

  return {
    title: "Usage",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Usage"), spans(span)),
      h("section", { class: "panel", "aria-label": "Days" }, form),
      warning,
      h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, "In all"), h("p", { class: "hint" }, `${span.since} to ${span.until}, days of UTC`)), facts),
      h(
        "section",
        { class: "panel" },
        h("div", { class: "panel-head" }, h("h2", {}, "Reports by day"), h("p", { class: "legend" }, h("span", {}, h("i", { class: "swatch good" }), "completed"), h("span", {}, h("i", { class: "swatch bad" }), "failed"))),
        chart.place,
        chart.table,
      ),
      h("section", { class: "panel" }, h("h2", {}, "By day and report type"), scrolls, empty),
      h("p", { class: "hint" }, "A job that failed and was retried counts with each of its ends. The cost is at list prices, as if each report had its worker for itself."),
    ],
    async ask(signal) {
      const search = new URLSearchParams(span);
      const [used, title] = await Promise.all([get(`/api/usage?${search}`, { signal }).then(readUsage), titles()]);
      return { used, title };
    },
    show,
    rest: 60_000, // it is counted anew each time
    stop: chart.stop,
  };
}

/** The days that the URL asks for, or the last 30: {since, until}, both as 2026-11-24. */
function spanOf(query) {
  const given = (name) => (/^\d{4}-\d\d-\d\d$/.test(query.get(name) ?? "") && !Number.isNaN(Date.parse(query.get(name))) ? query.get(name) : null);
  const until = given("until") ?? dayOf(Date.now());
  return { since: given("since") ?? dayOf(Date.parse(until) - (DAYS - 1) * DAY_MS), until };
}

function spans({ since, until }) {
  const today = dayOf(Date.now());
  return h(
    "ul",
    { class: "spans", "aria-label": "Time" },
    SPANS.map((days) => {
      const from = dayOf(Date.now() - (days - 1) * DAY_MS);
      return h("li", {}, h("a", { href: `#/usage?${new URLSearchParams({ since: from, until: today })}`, "aria-current": since === from && until === today && "true" }, `${days} days`));
    }),
  );
}

/** A column for each day, also where nothing was; the newest where there are too many for a drawing. */
function byDay(rows, { since, until }) {
  const number = Math.min(MOST_COLUMNS, Math.max(1, Math.round((Date.parse(until) - Date.parse(since)) / DAY_MS) + 1));
  const days = new Map(Array.from({ length: number }, (_, place) => dayOf(Date.parse(until) - (number - 1 - place) * DAY_MS)).map((name) => [name, { name, completed: 0, failed: 0 }]));
  for (const { day, completed, failed } of rows) {
    const column = days.get(day);
    if (!column) continue;
    column.completed += completed;
    column.failed += failed;
  }
  return [...days.values()];
}

function makeRow(row, title) {
  const cell = (value) => h("td", { class: "numeric" }, h("span", {}, value));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, row.day),
    h("td", {}, h("span", {}, title(row.type))),
    cell(count(row.completed)),
    cell(count(row.failed)),
    cell(count(row.pages)),
    cell(bytes(row.bytes)),
    cell(duration(row.seconds)),
    cell(money(row.cost)),
  );
}
