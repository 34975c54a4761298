// One schedule: when it runs next, what it made, and the report that it makes.

import { get } from "./api.js";
import { scheduleActs } from "./acts.js";
import { copyable, fill, h, write } from "./dom.js";
import { showFacts } from "./facts.js";
import { count, stamp } from "./format.js";
import { pretty } from "./json.js";
import { readSchedule } from "./model.js";
import { recurrence } from "./recurrence.js";
import { scheduleBadge } from "./schedules.js";
import { masked } from "./secrets.js";
import { ago, tell } from "./time.js";
import { trouble } from "./trouble.js";
import { titles } from "./types.js";

const OVERLAPS = { skip: "left out", queue: "run all the same" };
const CATCH_UPS = { one: "the newest, for all of it", all: "each of it", skip: "nothing that is late" };

export function schedule({ path, live, go }) {
  const id = path[1] ?? "";
  const answer = h("div", {});
  const heading = h("h1", { tabindex: -1 }, "Schedule");
  const state = h("span", { class: "state" });
  const facts = h("dl", { class: "facts" });
  const fault = h("p", { class: "notice bad", hidden: true });
  const runs = h("ol", { class: "runs" });
  const report = h("section", { class: "panel" });
  const acts = scheduleActs(id, {
    done(said) {
      const made = said.data?.jobId;
      answer.replaceChildren(...(made ? [h("p", { class: "notice good" }, "It runs: ", h("a", { href: `#/job/${encodeURIComponent(made)}` }, "see its job"), ".")] : []));
      live().now();
    },
    failed: (error) => answer.replaceChildren(trouble(error, "The schedule did not take that.")),
    ended: () => go("#/schedules"),
  });

  function show({ found, title }) {
    write(heading, found.name ?? title(found.type));
    fill(state, found.state, () => scheduleBadge(found.state));
    acts.show(found.state);
    fault.hidden = found.fault === null;
    write(fault, found.fault ? `Its last occurrence came to no job: ${found.fault}` : "");
    showFacts(facts, factsOf(found, title));
    fill(runs, found.nextRuns.join(), () => (found.nextRuns.length ? found.nextRuns.map(run) : h("li", { class: "empty" }, "No run is to come.")));
    fill(report, "once", () => {
      const { text } = masked(found.report);
      return [h("div", { class: "panel-head" }, h("h2", {}, "Its report"), copyable(pretty(found.report), "report", "Copy")), h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Report as JSON" }, text)];
    });
    return false;
  }

  return {
    title: () => heading.textContent,
    body: [
      h("div", { class: "head" }, h("div", {}, h("p", { class: "crumb" }, h("a", { href: "#/schedules" }, "Schedules"), " / ", copyable(id, "schedule id")), heading), acts.element),
      answer,
      fault,
      h("section", { class: "panel", "aria-label": "Facts" }, state, facts),
      h("section", { class: "panel" }, h("h2", {}, "Next runs"), runs),
      report,
    ],
    async ask(signal) {
      const [found, title] = await Promise.all([get(`/api/v1/schedules/${encodeURIComponent(id)}`, { signal }).then(readSchedule), titles()]);
      return { found, title };
    },
    show,
  };
}

function factsOf(found, title) {
  const last = found.lastRun;
  return [
    ["Runs", `${recurrence(found)}`],
    ["Cron", found.cron, (cron) => h("code", {}, cron)],
    ["Time zone", found.cron ? found.timeZone : null],
    ["Report type", title(found.type)],
    ["Last run", last?.id ?? null, (id) => h("a", { class: "id-link", href: `#/job/${encodeURIComponent(id)}` }, last.at === null ? id : stamp(last.at))],
    ["Ran", found.fired === null ? null : count(found.fired)],
    ["Left out", found.skipped ? count(found.skipped) : null],
    ["Missed", found.missed ? count(found.missed) : null],
    ["While one runs, the next is", OVERLAPS[found.overlap] ?? found.overlap],
    ["Catches up with", CATCH_UPS[found.catchUp] ?? found.catchUp],
    ["Starts", found.startsAt, ago],
    ["Ends", found.endsAt, ago],
    ["Made", found.madeAt, ago],
  ];
}

function run(at) {
  const time = ago();
  tell(time, at);
  return h("li", {}, h("span", {}, stamp(at)), " ", h("span", { class: "hint" }, time));
}
