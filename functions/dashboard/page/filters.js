// What narrows a list of jobs, and how the URL says it: #/jobs?state=failed&type=sales&tag=may&since=2026-11-24T08:00
//
// The URL is the view: the form writes there and nowhere else, so that back, reload and a link sent on show the same.

import { h, set } from "./dom.js";
import { STATES } from "./states.js";

const NAMES = ["type", "tag", "batch", "signature", "since", "until"];
export const ANY = "any";

/** The filters that a URL's query holds; `state` is ANY where all states are meant. */
export function readFilters(query) {
  const filters = Object.fromEntries(NAMES.map((name) => [name, query.get(name)?.trim() || null]));
  for (const name of ["since", "until"]) if (filters[name] && Number.isNaN(Date.parse(filters[name]))) filters[name] = null;
  const asked = query.get("state");
  // Without a state the API wants a tag or a batch: what is looked for by these may be in any.
  const mayBeAny = filters.tag !== null || filters.batch !== null;
  const usual = filters.signature ? "failed" : mayBeAny ? ANY : "completed";
  const isKnown = asked !== null && (Object.hasOwn(STATES, asked) || (asked === ANY && mayBeAny));
  return { state: isKnown ? asked : usual, ...filters };
}

/** The address of the list with these filters, from its beginning or after a cursor. */
export function address(filters, after) {
  const query = new URLSearchParams();
  for (const name of ["state", ...NAMES]) if (filters[name]) query.set(name, filters[name]);
  if (after) query.set("after", after);
  return `#/jobs?${query}`;
}

/** The filters as the API takes them, without empty ones: an object of strings. */
export function asked(filters) {
  const given = NAMES.filter((name) => filters[name]).map((name) => [name, name === "since" || name === "until" ? new Date(filters[name]).toISOString() : filters[name]]);
  return Object.fromEntries([...(filters.state === ANY ? [] : [["state", filters.state]]), ...given]);
}

/** How many filters beside the state are set. */
export const narrowing = (filters) => NAMES.filter((name) => filters[name]).length;

/** The form; `types(known)` fills its list of report types. */
export function filterForm(filters) {
  const type = h("select", { id: "filter-type", name: "type" }, h("option", { value: "" }, "All"));
  const field = (name, label, more = {}) => h("div", { class: "field" }, h("label", { for: `filter-${name}` }, label), h("input", { id: `filter-${name}`, name, value: filters[name] ?? "", autocomplete: "off", spellcheck: "false", ...more }));
  const form = h(
    "form",
    { class: "filters", on: { submit: apply, change: (event) => event.target === type && form.requestSubmit() } },
    h("div", { class: "field" }, h("label", { for: "filter-type" }, "Report type"), type),
    field("tag", "Tag"),
    field("since", "Since", { type: "datetime-local" }),
    field("until", "Until", { type: "datetime-local" }),
    field("batch", "Batch id"),
    field("signature", "Error signature"),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "button" }, "Apply"), narrowing(filters) > 0 && h("a", { class: "button quiet", href: address({ state: filters.state === ANY ? null : filters.state }) }, "Clear")),
  );

  function apply(event) {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
    // An error's signature stands for failed jobs only.
    location.hash = address({ state: given.signature ? "failed" : filters.state, ...given });
  }

  function types(known) {
    type.append(...known.map(({ name, title }) => h("option", { value: name, selected: name === filters.type }, title)));
    if (filters.type && !known.some(({ name }) => name === filters.type)) type.append(h("option", { value: filters.type, selected: true }, filters.type));
  }

  const details = h("details", { class: "panel filter-panel" }, h("summary", {}, "Filter", narrowing(filters) > 0 && h("span", { class: "hint" }, ` ${narrowing(filters)} set`)), form);
  set(details, "open", narrowing(filters) > 0 && matchMedia("(min-width: 42rem)").matches); // a phone shows the jobs first
  return { element: details, types };
}
