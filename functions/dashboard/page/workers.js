// The workers that are alive: their heartbeats, and what they have in hand.

import { get } from "./api.js";
import { each, fill, h, set, write } from "./dom.js";
import { count, duration, now } from "./format.js";
import { readWorkers } from "./model.js";
import { ago, tell } from "./time.js";

const LATE_MS = 25_000; // two beats and a half without one

export function workers() {
  const { table, empty, show } = crewTable();
  return {
    title: "Workers",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Workers")),
      h("section", { class: "panel", "aria-label": "Live workers" }, table, empty),
      h("p", { class: "hint" }, "Workers serve all tenants; of their jobs you see your own. One starts by itself when a job waits, and leaves when none does."),
    ],
    ask: (signal) => get("/api/workers", { signal }).then(readWorkers),
    show(crew) {
      show(crew);
      return crew.some((worker) => worker.active > 0);
    },
  };
}

/** A table of workers. */
export function crewTable() {
  const rows = h("tbody", { role: "rowgroup" });
  const empty = h("p", { class: "empty" }, "No worker runs. One starts by itself when a job waits.");
  const columns = ["Worker", "Last heartbeat", "Busy slots", "Jobs", "Finished", "Memory", "Up for"];
  const table = h(
    "table",
    { class: "cards", role: "table" },
    h("caption", { class: "unseen" }, "Live workers"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((name) => h("th", { role: "columnheader", scope: "col" }, name)))),
    rows,
  );
  function show(crew) {
    table.hidden = crew.length === 0;
    empty.hidden = crew.length > 0;
    each(rows, crew, { key: (worker) => worker.id, make: makeWorker, update: updateWorker });
  }
  return { table, empty, show };
}

function makeWorker(worker) {
  const cell = (label, ...content) => h("td", { role: "cell", "data-label": label }, ...content);
  return h(
    "tr",
    { role: "row" },
    h("th", { role: "rowheader", scope: "row" }, h("code", { class: "id" }, worker.id), h("span", { class: "hint pid" })),
    cell("Last heartbeat", h("span", {}, ago(), h("span", { class: "late" }))),
    cell("Busy slots", h("span", { class: "slots" })),
    cell("Jobs", h("span", { class: "links" })),
    cell("Finished", h("span", { class: "finished" })),
    cell("Memory", h("span", { class: "memory" })),
    cell("Up for", h("span", { class: "up" })),
  );
}

function updateWorker(row, worker) {
  const known = (value, show) => (value === null ? "–" : show(value));
  write(row.querySelector(".pid"), [known(worker.pid, (pid) => `process ${pid}`), worker.version].filter(Boolean).join(", "));
  tell(row.querySelector("time"), worker.beatAt);
  const isLate = worker.beatAt !== null && now() - worker.beatAt > LATE_MS;
  write(row.querySelector(".late"), isLate ? " late" : "");
  fill(row.querySelector(".slots"), `${worker.active}/${worker.slots}`, () => slots(worker));
  fill(row.querySelector(".links"), worker.jobs.join(), () => (worker.jobs.length ? worker.jobs.map((id) => h("a", { href: `#/job/${encodeURIComponent(id)}`, class: "id-link" }, id)) : [h("span", {}, "–")]));
  write(row.querySelector(".finished"), known(worker.finished, count));
  write(row.querySelector(".memory"), known(worker.memory, (memory) => `${count(memory)} MB`));
  write(row.querySelector(".up"), known(worker.upSeconds, duration));
  set(row, "data-late", isLate);
}

function slots({ active, slots: all }) {
  if (active === null) return h("span", {}, "–");
  const dots = all !== null && all <= 16 ? Array.from({ length: all }, (_, place) => h("i", { class: "slot", "data-busy": place < active })) : [];
  return [h("span", { class: "dots", "aria-hidden": "true" }, dots), h("span", {}, all === null ? count(active) : `${active} of ${all}`)];
}
