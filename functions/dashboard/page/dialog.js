// Asks before something happens. The browser's own dialog: it keeps the focus, closes on Escape, and gives the focus back.

import { h } from "./dom.js";
import { trouble } from "./trouble.js";

/**
 * Opens a dialog with a title and a body (elements). With `act`, a button named `verb` does it: while it runs the button
 * rests, what goes wrong is said in the dialog, and when it is done the dialog closes. `danger` colours the button.
 * Gives {element, close, ready(isReady)}: the button can wait until the body has what it takes.
 */
export function openDialog({ title, body, verb, act, danger = false, ready = true, closed = () => {} }) {
  const answer = h("div", {});
  const go = verb && h("button", { type: "submit", class: `button ${danger ? "danger" : "primary"}`, disabled: !ready }, verb);
  const leave = h("button", { type: "button", class: "button", on: { click: () => element.close() } }, act ? "Leave it" : "Close");
  const heading = h("h2", { id: "dialog-title", tabindex: -1 }, title);
  const form = h("form", { class: "dialog-body", novalidate: true, on: { submit } }, heading, ...body, answer, h("div", { class: "actions end" }, leave, go));
  const element = h("dialog", { "aria-labelledby": "dialog-title" }, form);

  async function submit(event) {
    event.preventDefault();
    if (!act || go.disabled) return;
    go.disabled = true;
    answer.replaceChildren();
    try {
      await act();
      element.close();
    } catch (error) {
      answer.replaceChildren(trouble(error, "It was not done."));
      answer.firstElementChild.focus();
      go.disabled = false;
    }
  }

  element.addEventListener("close", () => {
    element.remove();
    closed();
  });
  // A view that goes takes its dialog with it.
  window.addEventListener("hashchange", () => element.close(), { once: true });
  document.body.append(element);
  element.showModal();
  heading.focus();
  return {
    element,
    close: () => element.close(),
    ready: (isReady) => go && (go.disabled = !isReady),
  };
}
