// A payload while it is written: as a form made from the report type's schema, or as JSON. The one becomes the other.

import { fill, h, say, set } from "./dom.js";
import { editor } from "./editor.js";
import { node, partsOf } from "./form.js";
import { exact, pretty } from "./json.js";

/** The draft. `changed(text)` follows every change, `submit()` is the keyboard's. */
export function draft({ changed, submit }) {
  const json = editor({ id: "payload", typed: (text) => changed(text), submit });
  const place = h("div", { class: "form-place", on: { input: () => (isTouched = true), click: () => (isTouched = true) } });
  const jsonPlace = h("div", { class: "field", hidden: true }, h("div", { class: "panel-head" }, h("label", { for: "payload" }, "Payload (JSON)"), h("button", { type: "button", class: "button small", on: { click: json.format } }, "Format")), json.area, json.note);
  const asForm = mode("Form", "form");
  const asJson = mode("JSON", "json");
  const switcher = h("div", { class: "switch", role: "group", "aria-label": "How to write the payload" }, asForm, asJson);
  let schema = null;
  let root = null;
  let text = "";
  let isTouched = false; // a form that nobody touched leaves the text as it is, down to the last space
  let kind = "form";

  function mode(name, wanted) {
    return h("button", { type: "button", class: "button small", "aria-pressed": "false", on: { click: () => choose(wanted) } }, name);
  }

  /** Puts a payload there, as text, of a report type's schema. */
  function put(newText, newSchema) {
    text = newText;
    schema = newSchema;
    json.put(text);
    if (kind === "form" && !build()) kind = "json";
    show();
  }

  function build() {
    let value;
    try {
      value = exact(text);
    } catch {
      return false;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value) || !schema.properties) return false;
    root = node({ schema, name: "payload", required: true, top: true, value });
    isTouched = false;
    fill(place, {}, () => [root.element]);
    return true;
  }

  /** The payload as JSON text. */
  function read() {
    if (kind === "json") text = json.text();
    else if (isTouched) text = pretty(root.read());
    return text;
  }

  function choose(wanted) {
    if (wanted === kind) return;
    read();
    if (wanted === "form" && !build()) return say("The form takes a JSON object."), json.demand();
    kind = wanted;
    if (kind === "json") json.put(text);
    changed(text);
    show();
    say(kind === "form" ? "The payload is a form." : "The payload is JSON.");
  }

  function show() {
    place.hidden = kind !== "form";
    jsonPlace.hidden = kind !== "json";
    set(asForm, "aria-pressed", String(kind === "form"));
    set(asJson, "aria-pressed", String(kind === "json"));
  }

  /** True where it can be sent; else leads to what is wrong. */
  function demand() {
    if (kind === "json") return json.demand();
    const wrong = root.check();
    wrong?.focus();
    return wrong === null;
  }

  /** Where a fault of the payload is: {label, go()}, and the field says it. */
  function placeOf(pointer, detail) {
    if (kind === "json") return json.placeOf(pointer);
    return placeIn(root, pointer, detail);
  }

  return { element: h("div", { class: "draft" }, h("div", { class: "panel-head" }, h("h2", {}, "Payload"), switcher), place, jsonPlace), put, read, demand, placeOf };
}

/** Where a fault is in a form; the field says it. Null where no field is near. */
export function placeIn(root, pointer, detail) {
  const { field, exactly } = root.at(partsOf(pointer));
  if (!field) return null;
  if (exactly) field.blame(detail);
  return { label: field.label, go: () => field.control.focus() };
}
