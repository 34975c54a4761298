// The overview: how many jobs are in each state, what runs now, and who works.

import { get } from "./api.js";
import { each, fill, h, icon, set, write } from "./dom.js";
import { count, duration, many } from "./format.js";
import { readJobs, readStats, readWorkers } from "./model.js";
import { STATES, bar, isMoving, move, step } from "./states.js";
import { ago, tell } from "./time.js";
import { titles } from "./types.js";

const RUNNING_SHOWN = 6;
const LONELY_MS = 10_000; // a worker needs a moment to start: only after this is its absence news

export function overview() {
  const tiles = h("ul", { class: "tiles" });
  const warning = h("p", { class: "notice warn", role: "alert", hidden: true });
  const running = h("ul", { class: "running" });
  const runningMore = h("p", { class: "hint" });
  const runningSection = h("section", { class: "panel", hidden: true }, h("h2", {}, "Running now"), running, runningMore);
  const workers = h("tbody", { role: "rowgroup" });
  const noWorker = h("p", { class: "empty" }, "No worker runs. One starts by itself when a job waits.");
  const table = workersTable(workers);
  let lonelySince = null;

  function show({ stats, crew, jobs, title }) {
    each(tiles, Object.keys(STATES), {
      key: (state) => state,
      make: makeTile,
      update: (tile, state) => updateTile(tile, stats.counts[state] ?? 0),
    });
    runningSection.hidden = jobs.jobs.length === 0;
    each(running, jobs.jobs, { key: (job) => job.id, make: makeRunning, update: (row, job) => updateRunning(row, job, title) });
    const more = jobs.total - jobs.jobs.length;
    write(runningMore, more > 0 ? `and ${many(more, "more job")}` : "");
    table.hidden = crew.length === 0;
    noWorker.hidden = crew.length > 0;
    each(workers, crew, { key: (worker) => worker.id, make: makeWorker, update: updateWorker });

    const waiting = stats.counts.waiting ?? 0;
    lonelySince = waiting > 0 && crew.length === 0 ? (lonelySince ?? Date.now()) : null;
    const isLonely = lonelySince !== null && Date.now() - lonelySince >= LONELY_MS;
    warning.hidden = !isLonely;
    write(warning, isLonely ? `${many(waiting, "job")} ${waiting === 1 ? "waits" : "wait"} and no worker runs.` : "");
    return Object.entries(stats.counts).some(([state, jobsThere]) => isMoving(state) && jobsThere > 0);
  }

  return {
    title: "Overview",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Overview"), h("a", { class: "button primary", href: "#/new" }, "New report")),
      warning,
      h("section", { "aria-label": "Jobs by state" }, tiles),
      runningSection,
      h("section", { class: "panel" }, h("h2", {}, "Workers"), table, noWorker),
    ],
    ask,
    show,
  };
}

async function ask(signal) {
  const [stats, crew, title] = await Promise.all([
    get("/api/stats", { signal }).then(readStats),
    get("/api/workers", { signal }).then(readWorkers),
    titles(),
  ]);
  const jobs =
    stats.counts.active > 0
      ? readJobs(await get(`/api/jobs?state=active&page=1&limit=${RUNNING_SHOWN}`, { signal }))
      : { jobs: [], total: 0 };
  return { stats, crew, jobs, title };
}

function makeTile(state) {
  return h(
    "li",
    { class: "tile", "data-state": state },
    h(
      "a",
      { href: `#/jobs?state=${state}` },
      h("span", { class: "tile-name" }, icon(state), STATES[state].title),
      h("span", { class: "tile-count" }, "0"),
      h("span", { class: "tile-says" }, STATES[state].says),
    ),
  );
}

function updateTile(tile, number) {
  set(tile, "data-none", number === 0);
  write(tile.querySelector(".tile-count"), count(number));
}

function makeRunning(job) {
  return h(
    "li",
    {},
    h("a", { href: `#/job/${encodeURIComponent(job.id)}` }),
    h("span", { class: "running-step" }),
    bar(`Progress of ${job.id}`),
    h("span", { class: "running-percent" }),
  );
}

function updateRunning(row, job, title) {
  write(row.querySelector("a"), title(job.type));
  write(row.querySelector(".running-step"), step(job.progress).title);
  write(row.querySelector(".running-percent"), `${job.progress} %`);
  move(row.querySelector(".meter"), job.progress, job.state);
}

function workersTable(body) {
  const columns = ["Worker", "Last heartbeat", "Busy slots", "Finished", "Up for"];
  return h(
    "table",
    { class: "cards", role: "table" },
    h("caption", { class: "unseen" }, "Live workers"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((name) => h("th", { role: "columnheader", scope: "col" }, name)))),
    body,
  );
}

function makeWorker(worker) {
  const cell = (label, ...content) => h("td", { role: "cell", "data-label": label }, ...content);
  return h(
    "tr",
    { role: "row" },
    h("th", { role: "rowheader", scope: "row" }, h("code", { class: "id" }, worker.id), h("span", { class: "hint pid" })),
    cell("Last heartbeat", ago()),
    cell("Busy slots", h("span", { class: "slots" })),
    cell("Finished", h("span", { class: "finished" })),
    cell("Up for", h("span", { class: "up" })),
  );
}

function updateWorker(row, worker) {
  const known = (value, show) => (value === null ? "–" : show(value));
  write(row.querySelector(".pid"), known(worker.pid, (pid) => `process ${pid}`));
  tell(row.querySelector("time"), worker.beatAt);
  fill(row.querySelector(".slots"), `${worker.active}/${worker.slots}`, () => slots(worker));
  write(row.querySelector(".finished"), known(worker.finished, count));
  write(row.querySelector(".up"), known(worker.upSeconds, duration));
}

function slots({ active, slots: all }) {
  if (active === null) return h("span", {}, "–");
  const dots = all !== null && all <= 16 ? Array.from({ length: all }, (_, place) => h("i", { class: "slot", "data-busy": place < active })) : [];
  return [h("span", { class: "dots", "aria-hidden": "true" }, dots), h("span", {}, all === null ? count(active) : `${active} of ${all}`)];
}
