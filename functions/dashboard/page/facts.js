// What is known of a job, as pairs of a name and a value: [name, value] or [name, value, how its element is made].

import { copyable, each, fill, h, write } from "./dom.js";
import { bytes, count, duration } from "./format.js";
import { ago, tell } from "./time.js";

/** Where a job stands, as facts. */
export function factsOf(job) {
  const ended = { completed: "Completed", failed: "Failed", cancelled: "Cancelled" }[job.state];
  const attempts = job.attempts === null ? null : job.attemptsAllowed === null ? count(job.attempts) : `${job.attempts} of ${job.attemptsAllowed}`;
  return [
    ["Accepted", job.acceptedAt, ago],
    ["Due", job.state === "delayed" ? job.dueAt : null, ago],
    ["Started", job.startedAt, ago],
    [ended, ended && job.finishedAt, ago],
    ["Attempts", attempts],
    ["Stalled", job.stalls ? count(job.stalls) : null],
    ["Round", job.round ? count(job.round + 1) : null],
    ["Worker", job.worker],
    ["Rows from", job.rowsFrom ?? null, (key) => copyable(key, "key of the rows")],
  ];
}

/** What a job made, as facts. */
export function resultOf(result) {
  if (!result) return [];
  return [
    ["Pages", result.pages ? count(result.pages) : null],
    ["Size", result.size === null ? null : bytes(result.size)],
    ["Rendered in", result.seconds === null ? null : duration(result.seconds)],
    ["Memory", result.memory ? `${count(result.memory)} MB` : null],
    ["Warnings", result.warnings.length ? result.warnings.join(" ") : null],
    ["SHA-256", result.sha256, (sum) => copyable(sum, "checksum")],
  ];
}

/** Name and value pairs; those without a value are left out. A third member makes the element of the value. */
export function showFacts(list, facts) {
  const there = facts.filter(([, value]) => value !== null && value !== undefined);
  each(list, there, {
    key: ([name]) => name,
    make: ([name, , make]) => h("div", {}, h("dt", {}, name), h("dd", {}, make === ago && ago())),
    update: (pair, [, value, make]) => {
      const shown = pair.lastElementChild;
      if (make === ago) tell(shown.firstElementChild, value);
      else if (make) fill(shown, value, () => make(value));
      else write(shown, value);
    },
  });
}
