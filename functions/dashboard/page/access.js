// What the key that this tab has may do. The API refuses what it may not; the page does not offer it.
//
// An element that acts carries `data-needs="operate"`; the style sheet takes it away from who lacks the scope.

import { get, key } from "./api.js";

let known = null; // {key, asked: a promise}

/** Learns once per key what it may do: {id, tenant, scopes}. */
export function learn() {
  const held = key();
  if (known?.key !== held) {
    const asked = get("/api/key").then((answer) => {
      document.body.dataset.may = answer.scopes.join(" ");
      return answer;
    });
    known = { key: held, asked };
    asked.catch(() => (known = null));
  }
  return known.asked;
}

/** Whether the key has a scope, as far as is known: submit, read, operate or admin. */
export function may(scope) {
  return (document.body.dataset.may ?? "").split(" ").includes(scope);
}

/** Forgets it, with the key. */
export function unlearn() {
  known = null;
  delete document.body.dataset.may;
}
