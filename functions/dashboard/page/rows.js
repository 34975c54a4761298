// The first rows of a batch as a table, so that one sees whether the columns are where they should be.

import { fill, h } from "./dom.js";
import { many } from "./format.js";

const ROWS = 5;
const COLUMNS = 6;
const LETTERS = 60; // of a value

/** The table; `show(rows)` brings it up to date: [{data, line}]. */
export function rowsTable() {
  const element = h("div", { class: "first-rows" });

  function show(rows) {
    const first = rows.slice(0, ROWS);
    fill(element, JSON.stringify([first, rows.length]), () => (first.length ? tableOf(first, rows.length) : []));
  }

  return { element, show };
}

function tableOf(first, number) {
  const all = [...new Set(first.flatMap(({ data }) => (isObject(data) ? Object.keys(data) : [])))];
  const names = all.slice(0, COLUMNS);
  const rest = [number > first.length && `and ${many(number - first.length, "more row")}`, all.length > names.length && `${many(all.length - names.length, "member")} not shown`].filter(Boolean).join("; ");
  const head = h("tr", { role: "row" }, [h("span", { class: "unseen" }, "Line"), ...names].map((name) => h("th", { role: "columnheader", scope: "col" }, name)));
  const body = first.map(({ data, line }) =>
    h("tr", { role: "row" }, h("th", { role: "rowheader", scope: "row" }, h("span", { class: "hint" }, `Line ${line}`)), names.length ? names.map((name) => h("td", { role: "cell", "data-label": name }, h("span", { class: "why" }, short(data[name])))) : h("td", { role: "cell" }, short(data))),
  );
  return [
    h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "The first rows" }, h("table", { class: "cards", role: "table" }, h("caption", { class: "unseen" }, "The first rows"), h("thead", { role: "rowgroup" }, head), h("tbody", { role: "rowgroup" }, body))),
    rest && h("p", { class: "hint" }, rest),
  ];
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function short(value) {
  if (value === undefined) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LETTERS ? `${text.slice(0, LETTERS)}…` : text;
}
