// The jobs that filters match, a page at a time. The URL says which, and where the page begins.

import { get } from "./api.js";
import { retryAll } from "./bulk.js";
import { COLUMNS } from "./columns.js";
import { each, fill, h, icon, set, write } from "./dom.js";
import { ANY, address, asked, filterForm, narrowing, readFilters } from "./filters.js";
import { count, many } from "./format.js";
import { readJobs, readStats } from "./model.js";
import { selection } from "./selection.js";
import { STATES, badge, isMoving, mayRetry } from "./states.js";
import { reportTypes, titles } from "./types.js";

const LIMIT = 20;
const trail = new Map(); // a page's cursor -> the address of the page before it, as far as this tab came that way

export function jobs({ query, live }) {
  const filters = readFilters(query);
  const after = query.get("after");
  const { state } = filters;
  const name = state === ANY ? "Jobs" : `${STATES[state].title} jobs`;
  const again = () => live().now();
  const columns = COLUMNS[state];
  const form = filterForm(filters);
  const chosen = selection({ done: again });
  const tabs = h("ul", { class: "tabs" }, (state === ANY ? [ANY, ...Object.keys(STATES)] : Object.keys(STATES)).map((one) => makeTab(one, filters)));
  const rows = h("tbody", { role: "rowgroup" });
  const table = h(
    "table",
    { class: "cards jobs", role: "table", hidden: true },
    h("caption", { class: "unseen" }, name),
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        h("th", { role: "columnheader", scope: "col", class: "box", "data-needs": "operate" }, h("span", { class: "unseen" }, "Choose"), chosen.all),
        ["Report", ...columns.map((column) => column.name)].map((title) => h("th", { role: "columnheader", scope: "col" }, title)),
      ),
    ),
    rows,
  );
  const empty = h("p", { class: "empty", hidden: true });
  const place = h("span", { class: "place" });
  const back = h("a", { class: "button", rel: "prev" }, icon("left"), h("span", {}, "Newer"));
  const on = h("a", { class: "button", rel: "next" }, "Older", icon("right"));
  const pager = h("nav", { class: "pager", "aria-label": "Pages", hidden: true }, back, place, on);
  const retry = h("button", { type: "button", class: "button", "data-needs": "operate", hidden: true, on: { click: retryMatching } }, "Retry all that match…");
  let types = null;

  function retryMatching() {
    const words = `${narrowing(filters) ? "matching" : "all"} ${state} jobs`;
    retryAll({ where: asked(filters), words, done: again });
  }

  async function ask(signal) {
    const search = new URLSearchParams({ ...asked(filters), limit: LIMIT, ...(after && { after }) });
    const [stats, list, title, known] = await Promise.all([
      get("/api/stats", { signal }).then(readStats),
      get(`/api/jobs?${search}`, { signal }).then(readJobs),
      titles(),
      reportTypes().catch(() => []),
    ]);
    return { stats, list, title, known };
  }

  function show({ stats, list, title, known }) {
    if (types === null && known.length) form.types((types = known));
    for (const tab of tabs.querySelectorAll("li[data-state]")) write(tab.querySelector(".tab-count"), count(stats.counts[tab.dataset.state] ?? 0));
    each(rows, list.jobs, {
      key: (job) => job.id,
      make: (job) => makeRow(job, columns, chosen),
      update: (row, job) => updateRow(row, job, columns, title, chosen),
    });
    chosen.keep(list.jobs);
    table.hidden = list.jobs.length === 0;
    empty.hidden = list.jobs.length > 0;
    retry.hidden = !mayRetry(state) || list.jobs.length === 0;
    // A page that filters leave short is no end: the API looks at so many jobs at a time.
    write(empty, list.next ? "None so far. There are older ones to look at." : after ? "Nothing on this page any more." : narrowing(filters) ? "No job matches." : STATES[state].none);
    if (list.next && !trail.has(list.next)) trail.set(list.next, address(filters, after));
    pager.hidden = !after && !list.next;
    const of = list.total === null ? "" : ` of ${count(list.total)}`;
    write(place, after ? `${many(list.jobs.length, "job")}${of}` : `the newest ${count(list.jobs.length)}${of}`);
    turn(back, after && (trail.get(after) ?? address(filters)));
    write(back.lastElementChild, after && !trail.has(after) ? "Newest" : "Newer");
    turn(on, list.next && address(filters, list.next));
    return Object.entries(stats.counts).some(([one, number]) => isMoving(one) && number > 0);
  }

  return {
    title: name,
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, name), h("div", { class: "actions" }, retry)),
      h("nav", { "aria-label": "States" }, tabs),
      form.element,
      chosen.line,
      h("section", { class: "panel", "aria-label": name }, table, empty, pager),
    ],
    ask,
    show,
  };
}

function turn(link, to) {
  set(link, "href", to || null);
  set(link, "aria-disabled", to ? null : "true");
}

function makeTab(state, filters) {
  const here = state === filters.state && "page";
  const to = address({ ...filters, state });
  if (state === ANY) return h("li", {}, h("a", { href: to, "aria-current": here, class: "any" }, "Any state"));
  return h("li", { "data-state": state }, h("a", { href: to, "aria-current": here }, badge(state), h("span", { class: "tab-count" })));
}

function makeRow(job, columns, chosen) {
  return h(
    "tr",
    { role: "row" },
    h("td", { role: "cell", class: "box", "data-needs": "operate" }, chosen.box(job)),
    h("th", { role: "rowheader", scope: "row" }, h("a", { href: `#/job/${encodeURIComponent(job.id)}` }, h("span", { class: "name" }), h("code", { class: "id" }, job.id)), h("span", { class: "tags" })),
    columns.map((column) => h("td", { role: "cell", "data-label": column.name }, column.make(job))),
  );
}

function updateRow(row, job, columns, title, chosen) {
  chosen.update(row.querySelector("input"), job);
  write(row.querySelector(".name"), title(job.type));
  fill(row.querySelector(".tags"), job.tags.join(), () => job.tags.map((tag) => h("a", { class: "tag", href: address({ tag }) }, tag)));
  columns.forEach((column, place) => column.update(row.children[place + 2].firstElementChild, job));
}
