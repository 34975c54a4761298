// Light or dark: as the system has it, until somebody says otherwise. The choice outlives the tab, the key does not.

import { h, icon, say, set } from "./dom.js";

const SHELF = "report-queue-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };

const chosen = () => {
  const kept = localStorage.getItem(SHELF);
  return Object.hasOwn(NEXT, kept ?? "") ? kept : "system";
};

/** A button that leads from the system's to light to dark. */
export function themeButton() {
  const button = h("button", { type: "button", class: "button quiet round", on: { click: turn } });

  function turn() {
    const next = NEXT[chosen()];
    if (next === "system") localStorage.removeItem(SHELF);
    else localStorage.setItem(SHELF, next);
    show();
    say(`Theme: ${next}.`);
  }

  function show() {
    const theme = chosen();
    set(document.documentElement, "data-theme", theme === "system" ? null : theme);
    set(button, "aria-label", `Theme: ${theme}`);
    set(button, "title", `Theme: ${theme}`);
    button.replaceChildren(icon(theme));
  }

  show();
  return button;
}
