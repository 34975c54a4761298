// Why a job has not started, and when it may: the API's words as sentences.

import { fill, h, icon } from "./dom.js";
import { count } from "./format.js";
import { ago, tell } from "./time.js";

const SENTENCES = {
  paused: () => "Its queue is paused: nothing starts until it is resumed.",
  limited: () => "As many jobs as are allowed at a time, or in a while, run already.",
  behind: ({ ahead }) => `${ahead === 1 ? "One job starts" : `${count(ahead ?? 0)} jobs start`} before it.`,
  "no worker": () => "No worker runs yet; one is started for it.",
  delayed: () => "It is not due yet.",
  backoff: () => "Its last attempt failed; the next one waits a while.",
};

/** Lines under the progress bar; `show(outlook)` brings them up to date, null takes them away. */
export function outlookLines() {
  const place = h("div", { class: "outlook", hidden: true });
  const time = ago();
  const when = h("p", {}, "It may start ", time, ".");

  function show(outlook) {
    place.hidden = outlook === null || (outlook.reasons.length === 0 && outlook.startsAt === null);
    if (place.hidden) return;
    tell(time, outlook.startsAt);
    fill(place, JSON.stringify([outlook.reasons, outlook.ahead, outlook.startsAt === null]), () => [
      icon("waiting"),
      h("div", {}, outlook.reasons.map((reason) => h("p", {}, Object.hasOwn(SENTENCES, reason) ? SENTENCES[reason](outlook) : reason)), outlook.startsAt !== null && when),
    ]);
  }

  return { place, show };
}
