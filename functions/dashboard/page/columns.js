// What a list of jobs shows of each, by the state that it lists: a column has a name, a cell, and how that is brought
// up to date.

import { fill, h, write } from "./dom.js";
import { bytes, count } from "./format.js";
import { badge, bar, move } from "./states.js";
import { ago, tell } from "./time.js";

const moment = (name, pick) => ({ name, make: ago, update: (cell, job) => tell(cell, pick(job)) });
const words = (name, pick, kind = "") => ({
  name,
  make: () => h("span", { class: kind }),
  update: (cell, job) => write(cell, pick(job) ?? "–"),
});
const accepted = moment("Accepted", (job) => job.acceptedAt);
const ended = (name) => moment(name, (job) => job.finishedAt);
const attempts = words("Attempts", (job) => (job.attempts === null ? null : job.attemptsAllowed === null ? count(job.attempts) : `${job.attempts} of ${job.attemptsAllowed}`), "number");
const reason = words("Why", (job) => [job.reason, job.message].filter(Boolean).join(": ") || null, "why");
const pages = words("Pages", (job) => (job.result?.pages ? count(job.result.pages) : null), "number");
const size = words("Size", (job) => (job.result?.size ? bytes(job.result.size) : null), "number");
const state = { name: "State", make: () => h("span", {}), update: (cell, job) => fill(cell, job.state, () => badge(job.state)) };
const progress = {
  name: "Progress",
  make: (job) => h("span", { class: "with-bar" }, bar(`Progress of ${job.id}`), h("span", { class: "number" })),
  update: (cell, job) => {
    move(cell.firstElementChild, job.progress, job.state);
    write(cell.lastElementChild, `${job.progress} %`);
  },
};

export const COLUMNS = {
  any: [state, accepted, reason],
  waiting: [accepted, attempts, words("Priority", (job) => job.priority, "number")],
  delayed: [moment("Due", (job) => job.dueAt), attempts, reason, accepted],
  active: [progress, attempts, accepted],
  completed: [pages, size, ended("Completed")],
  failed: [reason, attempts, ended("Failed")],
  cancelled: [accepted, ended("Cancelled")],
};
