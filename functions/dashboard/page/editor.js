// Where a payload is typed: says at once whether it is JSON, and can show the place that a fault names.

import { h, set, write } from "./dom.js";
import { bytes } from "./format.js";
import { exact, lineOf, locate, pretty } from "./json.js";

const LINES_ABOVE = 3; // of a place that is shown, so that it does not stick to the edge

/** An editor: its two elements, and what can be done with it. `typed(text)` follows every change by hand. */
export function editor({ id, typed, submit }) {
  const area = h("textarea", {
    id,
    class: "code editor",
    rows: 20,
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    wrap: "off",
    "aria-describedby": `${id}-check`,
    on: { input: changed, keydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && submit() },
  });
  const note = h("p", { class: "check", id: `${id}-check`, role: "status" });

  function changed() {
    typed(area.value);
    check();
  }

  /** Puts a text there, as if it had always been. */
  function put(text) {
    area.value = text;
    check();
  }

  /** True where the text is JSON; says so, or what is wrong. */
  function check() {
    let fault = "";
    try {
      JSON.parse(area.value);
    } catch (error) {
      fault = area.value.trim() === "" ? "The payload is empty." : error.message;
    }
    set(area, "aria-invalid", fault !== "" && "true");
    set(note, "data-bad", fault !== "" && "true");
    write(note, fault ? `Not JSON yet: ${fault}` : `Valid JSON, ${bytes(new Blob([area.value]).size)}`);
    return fault === "";
  }

  /** As `check`, and leads there where it is not. */
  function demand() {
    const isJson = check();
    if (!isJson) area.focus();
    return isJson;
  }

  function format() {
    if (!demand()) return;
    area.value = pretty(exact(area.value));
    changed();
  }

  /** The place of a JSON Pointer: {label, go()}, or null where the text has none. */
  function placeOf(pointer) {
    const place = locate(area.value, pointer);
    if (place === null) return null;
    const line = lineOf(area.value, place.start);
    return {
      label: `line ${line}`,
      go() {
        area.focus();
        area.setSelectionRange(place.start, place.end);
        area.scrollTop = (line - 1 - LINES_ABOVE) * Number.parseFloat(getComputedStyle(area).lineHeight);
      },
    };
  }

  return { area, note, put, demand, format, placeOf, text: () => area.value };
}
