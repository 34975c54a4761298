// What single keys do. They rest while something is typed, while a dialog is open, and where somebody turned them off.

import { openDialog } from "./dialog.js";
import { h } from "./dom.js";

const SHELF = "report-queue-shortcuts";
const PATIENCE_MS = 1_200; // between the two keys of "g o"

const VIEWS = { o: ["#/", "Overview"], j: ["#/jobs", "Jobs"], f: ["#/failures", "Failures"], b: ["#/batches", "Batches"], s: ["#/schedules", "Schedules"], h: ["#/webhooks", "Webhooks"], u: ["#/usage", "Usage"], w: ["#/workers", "Workers"] };

const areOn = () => localStorage.getItem(SHELF) !== "off";

/** Listens. `refresh()` asks the API at once. */
export function listen({ refresh }) {
  let prefixAt = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, select, textarea, dialog")) return;
    if (document.getElementById("nav").hidden) return; // no key yet
    if (event.key === "?") return showShortcuts();
    if (!areOn()) return;
    const afterG = performance.now() - prefixAt < PATIENCE_MS;
    prefixAt = 0;
    if (afterG && Object.hasOwn(VIEWS, event.key)) location.hash = VIEWS[event.key][0];
    else if (event.key === "g") prefixAt = performance.now();
    else if (event.key === "n") location.hash = "#/new";
    else if (event.key === "r") refresh();
    else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("find-id").focus();
    }
  });
}

/** The list of them, and the switch. */
export function showShortcuts() {
  const rows = [
    ...Object.entries(VIEWS).map(([letter, [, name]]) => [["g", letter], name]),
    [["n"], "New report"],
    [["/"], "Find a job by its id"],
    [["r"], "Ask the API at once"],
    [["?"], "This list"],
    [["Ctrl", "Enter"], "Submit the form"],
  ];
  const toggle = h("input", { type: "checkbox", id: "shortcuts-on", on: { change: () => (toggle.checked ? localStorage.removeItem(SHELF) : localStorage.setItem(SHELF, "off")) } });
  toggle.checked = areOn();
  openDialog({
    title: "Keyboard",
    body: [
      h(
        "dl",
        { class: "shortcuts" },
        rows.map(([keys, what]) => h("div", {}, h("dt", {}, keys.flatMap((name, place) => [place > 0 && " ", h("kbd", {}, name)])), h("dd", {}, what))),
      ),
      h("label", { class: "check-line", for: "shortcuts-on" }, toggle, "Single keys do this"),
    ],
  });
}
