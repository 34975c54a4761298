// What happened to a job, in order: each arrow with its moment, its attempt, and what a failed attempt said.

import { fill, h, set } from "./dom.js";
import { duration } from "./format.js";
import { ago, tell } from "./time.js";

const WORDS = {
  accept: ["Accepted", "waiting"],
  enqueue: ["Queued", "waiting"],
  claim: ["Claimed by a worker", "active"],
  complete: ["Completed", "completed"],
  fail: ["Attempt failed", "failed"],
  requeue: ["Stalled, queued again", "delayed"],
  promote: ["Promoted", "waiting"],
  retry: ["Retried", "waiting"],
  cancel: ["Cancelled", "cancelled"],
  expire: ["Expired", "failed"],
};

/** The list; `show(job)` brings it up to date. */
export function timeline() {
  const list = h("ol", { class: "timeline" });
  const panel = h("section", { class: "panel", hidden: true }, h("h2", {}, "Timeline"), list);

  function show(job) {
    const events = job.timeline.some((event) => event.verb === "accept" || event.verb === "enqueue") || job.acceptedAt === null ? job.timeline : [{ verb: "accept", at: job.acceptedAt, attempt: null, worker: null, reason: null, message: null }, ...job.timeline];
    panel.hidden = job.timeline.length === 0;
    fill(list, JSON.stringify(events), () => events.map((event, place) => line(event, events[place - 1])));
  }

  return { panel, show };
}

function line(event, before) {
  const [title, kind] = Object.hasOwn(WORDS, event.verb) ? WORDS[event.verb] : [event.verb, "unknown"];
  const since = before && event.at !== null && before.at !== null ? (event.at - before.at) / 1_000 : null;
  const time = ago();
  tell(time, event.at);
  set(time, "class", "ago");
  const failed = event.message || event.reason;
  return h(
    "li",
    { "data-state": kind },
    h("span", { class: "timeline-what" }, h("strong", {}, title), event.attempt && event.verb === "claim" && h("span", { class: "hint" }, ` attempt ${event.attempt}`)),
    h("span", { class: "timeline-when hint" }, time, since !== null && since >= 0.001 && h("span", {}, `, ${duration(since)} later`)),
    event.worker && h("span", { class: "timeline-who hint" }, "worker ", h("code", {}, event.worker)),
    failed && h("div", { class: "timeline-why" }, event.reason && h("code", { class: "reason" }, event.reason), event.message && h("p", { class: "message" }, event.message)),
  );
}
