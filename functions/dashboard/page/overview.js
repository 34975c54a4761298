// The overview: how many jobs are in each state, how the queue keeps up, and what runs now.

import { get } from "./api.js";
import { spreads, throughput } from "./charts.js";
import { each, fill, h, icon, set, write } from "./dom.js";
import { showFacts } from "./facts.js";
import { count, duration, many } from "./format.js";
import { readJobs, readQueue, readStats, readWorkers } from "./model.js";
import { askToPause, pausedLines } from "./pause.js";
import { STATES, bar, isMoving, move, step } from "./states.js";
import { reportTypes, titles } from "./types.js";

const RUNNING_SHOWN = 6;
const LONELY_MS = 10_000; // a worker needs a moment to start: only after this is its absence news
const COLUMNS = 60; // of the chart, at most
const SPANS = [
  [15, "15 min"],
  [60, "1 h"],
  [360, "6 h"],
  [1_440, "24 h"],
];

export function overview({ query, live }) {
  const asked = Number(query.get("minutes"));
  const minutes = SPANS.some(([span]) => span === asked) ? asked : 60;
  const again = () => live().now();
  const tiles = h("ul", { class: "tiles" });
  const lonely = loneliness();
  const paused = pausedLines({ done: again });
  const running = h("ul", { class: "running" });
  const runningMore = h("p", { class: "hint" });
  const runningSection = h("section", { class: "panel", hidden: true }, h("h2", {}, "Running now"), running, runningMore);
  const facts = h("dl", { class: "facts figures" });
  const chart = throughput();
  const took = h("div", {});
  const pause = h("button", { type: "button", class: "button", "data-needs": "admin", on: { click: () => reportTypes().then((types) => askToPause({ types, done: again })) } }, icon("pause"), "Pause…");

  async function ask(signal) {
    const [stats, crew, queue, title] = await Promise.all([
      get("/api/stats", { signal }).then(readStats),
      get("/api/workers", { signal }).then(readWorkers),
      get(`/api/queue?minutes=${minutes}`, { signal }).then(readQueue),
      titles(),
    ]);
    const jobs = stats.counts.active > 0 ? readJobs(await get(`/api/jobs?state=active&limit=${RUNNING_SHOWN}`, { signal })) : { jobs: [], total: 0 };
    return { stats, crew, queue, jobs, title };
  }

  function show({ stats, crew, queue, jobs, title }) {
    each(tiles, Object.keys(STATES), { key: (state) => state, make: makeTile, update: (tile, state) => updateTile(tile, stats.counts[state] ?? 0) });
    lonely.show(Math.max(stats.counts.waiting ?? 0, queue.counts.waiting ?? 0), crew.length, queue.paused.length > 0);
    paused.show(queue.paused, title);
    showFacts(facts, figures(queue, crew));
    chart.draw(columnsOf(queue, minutes), Math.ceil(minutes / COLUMNS));
    fill(took, JSON.stringify([queue.wait, queue.run]), () =>
      spreads([
        { name: "Wait for a worker", spread: queue.wait },
        { name: "Run, from claim to report", spread: queue.run },
      ]),
    );
    runningSection.hidden = jobs.jobs.length === 0;
    each(running, jobs.jobs, { key: (job) => job.id, make: makeRunning, update: (row, job) => updateRunning(row, job, title) });
    const more = (jobs.total ?? 0) - jobs.jobs.length;
    write(runningMore, more > 0 ? `and ${many(more, "more job")}` : "");
    return Object.entries(stats.counts).some(([state, jobsThere]) => isMoving(state) && jobsThere > 0);
  }

  return {
    title: "Overview",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Overview"), h("div", { class: "actions" }, pause)),
      lonely.warning,
      paused.list,
      h("section", { "aria-label": "Jobs by state" }, tiles),
      h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, "The queue"), h("p", { class: "hint" }, "all tenants together")), facts),
      h(
        "div",
        { class: "pair" },
        h(
          "section",
          { class: "panel" },
          h("div", { class: "panel-head" }, h("h2", {}, "Throughput"), spans(minutes)),
          h("p", { class: "legend" }, h("span", {}, h("i", { class: "swatch good" }), "completed"), h("span", {}, h("i", { class: "swatch bad" }), "failed"), h("span", { class: "hint" }, minutes > COLUMNS ? `jobs in ${Math.ceil(minutes / COLUMNS)} minutes` : "jobs a minute")),
          chart.place,
          chart.table,
        ),
        h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, "How long it takes"), h("p", { class: "hint" }, "last hour")), took),
      ),
      runningSection,
    ],
    ask,
    show,
    stop: chart.stop,
  };
}

/** How the queue keeps up, as facts. */
function figures(queue, crew) {
  const ended = queue.minutes.reduce((sum, { completed, failed }) => sum + completed + failed, 0);
  const good = queue.minutes.reduce((sum, { completed }) => sum + completed, 0);
  const success = ended === 0 ? "–" : `${good === ended ? 100 : Math.min(99.9, (100 * good) / ended).toFixed(1)} %`;
  const slots = crew.reduce((sum, worker) => sum + (worker.slots ?? 0), 0);
  const busy = crew.reduce((sum, worker) => sum + (worker.active ?? 0), 0);
  return [
    ["Waiting", count(queue.counts.waiting ?? 0)],
    ["Oldest waiting", queue.oldestSeconds === null ? "–" : duration(queue.oldestSeconds)],
    ["Drained in", queue.drainSeconds === null ? "unknown" : queue.drainSeconds === 0 ? "–" : `about ${duration(queue.drainSeconds)}`],
    ["Success", success],
    ["Workers", crew.length === 0 ? "none" : count(crew.length)],
    ["Busy slots", slots === 0 ? "–" : `${busy} of ${slots}`],
  ];
}

/** The minutes in which something happened, as columns without gaps, the newest last. */
function columnsOf(queue, minutes) {
  const wide = Math.ceil(minutes / COLUMNS) * 60_000;
  const end = Math.floor(queue.at / wide) * wide;
  const number = Math.round((minutes * 60_000) / wide);
  const columns = Array.from({ length: number }, (_, place) => ({ at: end - (number - 1 - place) * wide, completed: 0, failed: 0 }));
  for (const minute of queue.minutes) {
    const column = columns[Math.floor((minute.at - columns[0].at) / wide)];
    if (!column) continue;
    column.completed += minute.completed;
    column.failed += minute.failed;
  }
  return columns;
}

/** Says that jobs wait and no worker runs, once that has gone on for a while. */
function loneliness() {
  const warning = h("p", { class: "notice warn", role: "alert", hidden: true });
  let since = null;
  function show(waiting, workers, isPaused) {
    since = waiting > 0 && workers === 0 && !isPaused ? (since ?? Date.now()) : null;
    const isNews = since !== null && Date.now() - since >= LONELY_MS;
    warning.hidden = !isNews;
    write(warning, isNews ? `${many(waiting, "job")} ${waiting === 1 ? "waits" : "wait"} and no worker runs.` : "");
  }
  return { warning, show };
}

function spans(minutes) {
  return h(
    "ul",
    { class: "spans", "aria-label": "Time" },
    SPANS.map(([span, name]) => h("li", {}, h("a", { href: `#/?minutes=${span}`, "aria-current": span === minutes && "true" }, name))),
  );
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
