// Which rows of a list are chosen, and what is done with them: each by a call of its own, some at a time.

import { post } from "./api.js";
import { h, say, set, write } from "./dom.js";
import { many } from "./format.js";
import { isMoving, mayRetry } from "./states.js";
import { trouble } from "./trouble.js";

const AT_ONCE = 4;

/** Boxes for rows and a line that acts on what is chosen; `done()` follows. */
export function selection({ done }) {
  const chosen = new Map(); // id -> job
  const all = h("input", { type: "checkbox", "aria-label": "Choose all on this page", on: { change: chooseAll } });
  const said = h("span", { role: "status" });
  const retry = h("button", { type: "button", class: "button small", on: { click: () => act("retry", mayRetry, retry) } }, "Retry");
  const cancel = h("button", { type: "button", class: "button small", on: { click: () => act("cancel", isMoving, cancel) } }, "Cancel");
  const answer = h("div", {});
  const line = h("div", { class: "chosen", "data-needs": "operate", hidden: true }, said, h("div", { class: "actions" }, retry, cancel), answer);
  const boxes = new Map();

  function box(job) {
    const input = h("input", { type: "checkbox", "aria-label": `Choose ${job.id}` });
    input.addEventListener("change", () => {
      if (input.checked) chosen.set(job.id, input.job);
      else chosen.delete(job.id);
      show();
    });
    return input;
  }

  /** Brings a row's box up to date with its job. */
  function update(input, job) {
    input.job = job;
    boxes.set(job.id, input);
    if (chosen.has(job.id)) chosen.set(job.id, job);
    input.checked = chosen.has(job.id);
  }

  /** Forgets rows that are on the page no more. */
  function keep(jobs) {
    const there = new Set(jobs.map((job) => job.id));
    for (const id of boxes.keys()) if (!there.has(id)) [boxes, chosen].forEach((known) => known.delete(id));
    show();
  }

  function chooseAll() {
    for (const [id, input] of boxes) {
      if (all.checked) chosen.set(id, input.job);
      else chosen.delete(id);
      input.checked = all.checked;
    }
    show();
  }

  function show() {
    const jobs = [...chosen.values()];
    line.hidden = jobs.length === 0 && answer.childElementCount === 0;
    write(said, jobs.length ? `${many(jobs.length, "job")} chosen` : "");
    retry.hidden = !jobs.some((job) => mayRetry(job.state));
    cancel.hidden = !jobs.some((job) => isMoving(job.state));
    all.checked = boxes.size > 0 && chosen.size === boxes.size;
    all.indeterminate = chosen.size > 0 && chosen.size < boxes.size;
  }

  async function act(verb, may, button) {
    const left = [...chosen.values()].filter((job) => may(job.state));
    const number = left.length;
    const refused = [];
    set(button, "disabled", true);
    answer.replaceChildren();
    const work = async () => {
      for (let job = left.pop(); job; job = left.pop()) {
        try {
          await post(`/api/jobs/${encodeURIComponent(job.id)}/${verb}`);
          chosen.delete(job.id);
        } catch (error) {
          refused.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    set(button, "disabled", null);
    say(`${many(number - refused.length, "job")} ${verb === "retry" ? "queued again" : "cancelled"}.`);
    if (refused.length) answer.replaceChildren(trouble(refused[0], `${refused.length} of ${many(number, "job")} could not be ${verb === "retry" ? "retried" : "cancelled"}.`));
    show();
    done();
  }

  return { all, box, update, keep, line };
}
