// <time> elements that say how long ago, or how soon, and keep saying it right between two answers.

import { h, set, write } from "./dom.js";
import { distance, moment, stamp } from "./format.js";

/** A <time> element; `tell` sets what it shows. */
export function ago() {
  return h("time", { class: "ago" });
}

/** Shows a moment (ms or ISO 8601) in the element, as a distance from now; the full moment is its title. */
export function tell(element, value) {
  const at = moment(value);
  if (at === null) {
    delete element.dataset.at;
    set(element, "datetime", null);
    set(element, "title", null);
    write(element, "–");
    return;
  }
  element.dataset.at = String(at);
  set(element, "datetime", new Date(at).toISOString());
  set(element, "title", stamp(at));
  write(element, distance(at));
}

setInterval(() => {
  for (const element of document.querySelectorAll("time.ago[data-at]")) write(element, distance(Number(element.dataset.at)));
}, 1_000);
