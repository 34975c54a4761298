// An error as people read it: what was tried, what the API said, and each fault with its place.

import { h, icon } from "./dom.js";

/** A block that is read out at once. `at(pointer)`, where given, makes each fault's place something to go to. */
export function trouble(error, headline, { at } = {}) {
  const faults = error.faults ?? [];
  return h(
    "div",
    { class: "notice bad", role: "alert", tabindex: -1 },
    h("p", { class: "notice-head" }, icon("failed"), h("strong", {}, headline)),
    !error.refusesKey && h("p", {}, [error.title, error.detail].filter(Boolean).join(": ") || error.message),
    faults.length > 0 && h("ul", { class: "faults" }, faults.map((fault) => h("li", {}, placeOf(fault, at), " ", h("span", {}, fault.detail)))),
  );
}

function placeOf({ pointer }, at) {
  const place = h("code", {}, pointer || "(the whole)");
  const go = at?.(pointer);
  return go ? h("button", { type: "button", class: "link", on: { click: go.go } }, place, ` ${go.label}`) : place;
}
