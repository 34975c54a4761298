// What can be done with a schedule: pause or resume it, run it now, end it.

import { post } from "./api.js";
import { openDialog } from "./dialog.js";
import { h, say } from "./dom.js";
import { randomKey } from "./idempotency.js";
import { press } from "./press.js";

/** Buttons of a schedule. `act` is told what came of it: done(message) or failed(error); `ended()` follows its end. */
export function scheduleActs(id, { done, failed, ended }) {
  const url = `/api/v1/schedules/${encodeURIComponent(id)}`;
  const button = (name, click) => h("button", { type: "button", class: "button small", on: { click } }, name);
  const pause = button("Pause", () => act("pause", pause));
  const resume = button("Resume", () => act("resume", resume));
  const run = button("Run now", () => act("run", run));
  const end = button("End…", () =>
    openDialog({
      title: "End the schedule",
      body: [h("p", {}, "It is forgotten, and runs no more. The jobs that it made go on.")],
      verb: "End it",
      danger: true,
      async act() {
        await post(`${url}/end`);
        say("The schedule has ended.");
        ended();
      },
    }),
  );

  const act = (verb, pressed) => press(pressed, () => post(`${url}/${verb}`, verb === "run" ? { headers: { "Idempotency-Key": randomKey() } } : {}), { done, failed });

  /** Shows what fits its state: running, paused or over. */
  function show(state) {
    pause.hidden = state !== "running";
    resume.hidden = state !== "paused";
  }

  return { element: h("div", { class: "actions", "data-needs": "operate" }, run, pause, resume, end), show };
}

/** A schedule's state as a word, with a drawing. */
export const SCHEDULE_STATES = { running: ["completed", "Running"], paused: ["pause", "Paused"], over: ["cancelled", "Over"] };
