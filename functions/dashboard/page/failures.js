// Failed jobs by their errors: what failed most, an example of each, and all of one kind retried at once.

import { get } from "./api.js";
import { retryAll } from "./bulk.js";
import { each, h, icon, set, write } from "./dom.js";
import { count, many } from "./format.js";
import { readGroups } from "./model.js";
import { bar } from "./states.js";

export function failures({ live }) {
  const list = h("ul", { class: "groups" });
  const empty = h("p", { class: "empty", hidden: true }, "No job failed.");
  const sum = h("p", { class: "hint" });
  const again = () => live().now();
  const all = h("button", { type: "button", class: "button", "data-needs": "operate", hidden: true, on: { click: () => retryAll({ where: { state: "failed" }, words: "all failed jobs", done: again }) } }, "Retry all…");

  function show(groups) {
    const total = groups.reduce((so, group) => so + group.count, 0);
    empty.hidden = groups.length > 0;
    all.hidden = groups.length === 0;
    write(sum, groups.length ? `${many(total, "job")} failed in ${groups.length === 1 ? "one way" : `${count(groups.length)} ways`}.` : "");
    each(list, groups, { key: (group) => group.signature, make: (group) => makeGroup(group, again), update: (line, group) => updateGroup(line, group, total) });
    return false;
  }

  return {
    title: "Failures",
    body: [h("div", { class: "head" }, h("div", {}, h("h1", { tabindex: -1 }, "Failures"), sum), h("div", { class: "actions" }, all)), h("section", { class: "panel", "aria-label": "Failures by error" }, list, empty)],
    ask: (signal) => get("/api/jobs/groups", { signal }).then(readGroups),
    show,
  };
}

function makeGroup(group, again) {
  const jobs = `#/jobs?${new URLSearchParams({ state: "failed", signature: group.signature })}`;
  const retry = () => retryAll({ where: { state: "failed", signature: group.signature }, words: "jobs that failed this way", done: again });
  return h(
    "li",
    { class: "group", "data-state": "failed" },
    h("div", { class: "group-count" }, icon("failed"), h("strong", {}), h("span", { class: "unseen" }, "jobs")),
    h("div", { class: "group-what" }, h("code", { class: "reason" }), h("p", { class: "message" }), bar("Share of all failures")),
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button small", href: jobs }, "Show them"),
      h("a", { class: "button small newest" }, "Newest"),
      h("button", { type: "button", class: "button small", "data-needs": "operate", on: { click: retry } }, "Retry all…"),
    ),
  );
}

function updateGroup(line, group, total) {
  write(line.querySelector("strong"), count(group.count));
  write(line.querySelector(".reason"), group.reason ?? group.signature);
  write(line.querySelector(".message"), group.message ?? "No message was left.");
  const share = Math.round((100 * group.count) / Math.max(1, total));
  const meter = line.querySelector(".meter");
  set(meter, "aria-valuenow", share);
  set(meter, "aria-valuetext", `${share} % of all failures`);
  meter.dataset.state = "failed";
  meter.firstElementChild.style.setProperty("width", `${share}%`);
  const newest = line.querySelector(".newest");
  newest.hidden = group.newest === null;
  set(newest, "href", group.newest && `#/job/${encodeURIComponent(group.newest)}`);
}
