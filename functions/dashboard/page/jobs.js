// The jobs in one state, a page at a time. The URL says which: #/jobs?state=failed&page=2

import { get } from "./api.js";
import { each, h, icon, set, write } from "./dom.js";
import { bytes, count } from "./format.js";
import { readJobs, readStats } from "./model.js";
import { STATES, badge, bar, isMoving, move } from "./states.js";
import { ago, tell } from "./time.js";
import { titles } from "./types.js";

const LIMIT = 20;
const LAST_PAGE = 3000 / LIMIT + 1; // the API leads no further in by pages

// What a state's table shows beside the report: a column has a name, how its cell is made, and how it is brought up to date.
const moment = (name, pick) => ({ name, make: ago, update: (cell, job) => tell(cell, pick(job)) });
const words = (name, pick, kind = "") => ({
  name,
  make: () => h("span", { class: kind }),
  update: (cell, job) => write(cell, pick(job) ?? "–"),
});
const accepted = moment("Accepted", (job) => job.acceptedAt);
const attempts = words("Attempts", (job) => (job.attempts === null ? null : count(job.attempts)), "number");
const reason = words("Why", (job) => [job.reason, job.message].filter(Boolean).join(": ") || null, "why");
const progress = {
  name: "Progress",
  make: (job) => h("span", { class: "with-bar" }, bar(`Progress of ${job.id}`), h("span", { class: "number" })),
  update: (cell, job) => {
    move(cell.firstElementChild, job.progress, job.state);
    write(cell.lastElementChild, `${job.progress} %`);
  },
};
const COLUMNS = {
  waiting: [accepted, attempts],
  delayed: [moment("Due", (job) => job.dueAt), attempts, reason, accepted],
  active: [progress, attempts, accepted],
  completed: [
    words("Pages", (job) => (job.result?.pages ? count(job.result.pages) : null), "number"),
    words("Size", (job) => (job.result?.size ? bytes(job.result.size) : null), "number"),
    moment("Completed", (job) => job.finishedAt),
  ],
  failed: [reason, attempts, moment("Failed", (job) => job.finishedAt)],
  cancelled: [accepted, moment("Cancelled", (job) => job.finishedAt)],
};

export function jobs({ query }) {
  const asked = query.get("state");
  const state = asked !== null && Object.hasOwn(STATES, asked) ? asked : "completed";
  const page = Math.min(LAST_PAGE, Math.max(1, Math.trunc(Number(query.get("page"))) || 1));
  const columns = COLUMNS[state];
  const address = (number) => `#/jobs?state=${state}${number > 1 ? `&page=${number}` : ""}`;

  const tabs = h("ul", { class: "tabs" }, Object.keys(STATES).map((name) => makeTab(name, name === state)));
  const rows = h("tbody", { role: "rowgroup" });
  const table = h(
    "table",
    { class: "cards jobs", role: "table", hidden: true },
    h("caption", { class: "unseen" }, `${STATES[state].title} jobs`),
    h(
      "thead",
      { role: "rowgroup" },
      h("tr", { role: "row" }, ["Report", ...columns.map((column) => column.name)].map((name) => h("th", { role: "columnheader", scope: "col" }, name))),
    ),
    rows,
  );
  const empty = h("p", { class: "empty", hidden: true });
  const place = h("span", { class: "place" });
  const back = h("a", { class: "button", rel: "prev" }, icon("left"), "Newer");
  const on = h("a", { class: "button", rel: "next" }, "Older", icon("right"));
  const pager = h("nav", { class: "pager", "aria-label": "Pages", hidden: true }, back, place, on);

  async function ask(signal) {
    const [stats, list, title] = await Promise.all([
      get("/api/stats", { signal }).then(readStats),
      get(`/api/jobs?state=${state}&page=${page}&limit=${LIMIT}`, { signal }).then(readJobs),
      titles(),
    ]);
    return { stats, list, title };
  }

  function show({ stats, list, title }) {
    for (const tab of tabs.children) write(tab.querySelector(".tab-count"), count(stats.counts[tab.dataset.state] ?? 0));
    each(rows, list.jobs, {
      key: (job) => job.id,
      make: (job) => makeRow(job, columns),
      update: (row, job) => updateRow(row, job, columns, title),
    });
    table.hidden = list.jobs.length === 0;
    empty.hidden = list.jobs.length > 0;
    write(empty, page > 1 ? "Nothing on this page any more." : STATES[state].none);
    const last = Math.min(LAST_PAGE, Math.max(1, Math.ceil(list.total / list.limit)));
    pager.hidden = last === 1 && page === 1;
    const first = (page - 1) * list.limit;
    write(place, list.jobs.length ? `${count(first + 1)}–${count(first + list.jobs.length)} of ${count(list.total)}` : `0 of ${count(list.total)}`);
    turn(back, page > 1 && address(Math.min(page - 1, last)));
    turn(on, page < last && address(page + 1));
    return Object.entries(stats.counts).some(([name, number]) => isMoving(name) && number > 0);
  }

  return {
    title: `${STATES[state].title} jobs`,
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, `${STATES[state].title} jobs`)),
      h("nav", { "aria-label": "States" }, tabs),
      h("section", { class: "panel", "aria-label": `${STATES[state].title} jobs` }, table, empty, pager),
    ],
    ask,
    show,
  };
}

function turn(link, address) {
  set(link, "href", address || null);
  set(link, "aria-disabled", address ? null : "true");
}

function makeTab(state, isHere) {
  return h(
    "li",
    { "data-state": state },
    h("a", { href: `#/jobs?state=${state}`, "aria-current": isHere && "page" }, badge(state), h("span", { class: "tab-count" })),
  );
}

function makeRow(job, columns) {
  return h(
    "tr",
    { role: "row" },
    h("th", { role: "rowheader", scope: "row" }, h("a", { href: `#/job/${encodeURIComponent(job.id)}` }, h("span", { class: "name" }), h("code", { class: "id" }, job.id))),
    columns.map((column) => h("td", { role: "cell", "data-label": column.name }, column.make(job))),
  );
}

function updateRow(row, job, columns, title) {
  write(row.querySelector(".name"), title(job.type));
  columns.forEach((column, place) => column.update(row.children[place + 1].firstElementChild, job));
}
