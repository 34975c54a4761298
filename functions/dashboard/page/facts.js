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
    ["Expires", job.expiresAt, ago],
    ["Attempts", attempts],
    ["Priority", job.priority],
    ["Stalled", job.stalls ? count(job.stalls) : null],
    ["Round", job.round ? count(job.round + 1) : null],
    ["Worker", job.worker],
    ["Batch", job.batch, (id) => h("a", { class: "id-link", href: `#/batch/${encodeURIComponent(id)}` }, id)],
    ["Tags", job.tags.length ? job.tags.join(", ") : null, () => h("span", { class: "tags" }, job.tags.map((tag) => h("a", { class: "tag", href: `#/jobs?${new URLSearchParams({ tag })}` }, tag)))],
    ["Rows from", job.rows?.key ?? null, (key) => copyable(key, "key of the rows")],
  ];
}

/** What a job made, as facts: its receipt. */
export function resultOf(result) {
  if (!result) return [];
  return [
    ["Pages", result.pages ? count(result.pages) : null],
    ["Size", result.size === null ? null : bytes(result.size)],
    ["Rendered in", result.seconds === null ? null : duration(result.seconds)],
    ["Memory", result.memory ? `${count(result.memory)} MB` : null],
    ...result.recipe.map(([name, value]) => [name[0].toUpperCase() + name.slice(1), String(value), short]),
    ["SHA-256", result.sha256, (sum) => copyable(sum, "checksum")],
  ];
}

/** A checksum of what it was made with: enough of it to compare by eye, all of it as the title. */
const short = (text) => (/^[0-9a-f]{64}$/.test(text) ? h("code", { title: text }, text.slice(0, 12)) : h("span", {}, text));

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
