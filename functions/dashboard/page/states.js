// The states of a job and the steps of an attempt, as the page names and draws them.

import { h, icon } from "./dom.js";

/** In the order of a job's life. `says` is the title in a few more words. */
export const STATES = {
  waiting: { title: "Waiting", says: "in line for a worker", none: "No job waits." },
  delayed: { title: "Delayed", says: "due later", none: "No job is delayed." },
  active: { title: "Active", says: "with a worker now", none: "No job is with a worker now." },
  completed: { title: "Completed", says: "the report is there", none: "No job is completed yet." },
  failed: { title: "Failed", says: "given up", none: "No job failed." },
  cancelled: { title: "Cancelled", says: "called off", none: "No job was cancelled." },
};

/** What progress means: a step is behind the job once its progress is there. */
export const STEPS = [
  { at: 0, title: "Accepted" },
  { at: 10, title: "Claimed" },
  { at: 60, title: "Laid out" },
  { at: 80, title: "Written" },
  { at: 100, title: "Published" },
];

export const isMoving = (state) => state === "waiting" || state === "delayed" || state === "active";
export const mayRetry = (state) => state === "failed" || state === "cancelled";

/** The last step behind a job. */
export function step(progress) {
  return STEPS.findLast((candidate) => progress >= candidate.at) ?? STEPS[0];
}

/** A state as a drawing and a word. A state that this page does not know is shown as its bare word. */
export function badge(state) {
  const known = Object.hasOwn(STATES, state);
  return h("span", { class: "badge", "data-state": known ? state : "unknown" }, known && icon(state), known ? STATES[state].title : state);
}

/** A small progress bar; `move` sets it. */
export function bar(label) {
  return h("span", { class: "meter", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 }, h("span"));
}

/** Moves a bar to a progress of 0 to 100. */
export function move(meter, progress, state) {
  meter.setAttribute("aria-valuenow", progress);
  meter.setAttribute("aria-valuetext", `${progress} %, ${step(progress).title.toLowerCase()}`);
  meter.dataset.state = state;
  meter.firstElementChild.style.setProperty("width", `${progress}%`);
}
