// One value of a form: a control made from its schema, and what it says when it is wrong.
//
// Every field is {element, control, read(), check(), blame(text)}. `read` gives undefined where nothing was entered;
// numbers are read as they were typed, so that 1.10 stays 1.10. `check` gives what is wrong before the API is asked.

import { h, set, write } from "./dom.js";
import { exact, pretty } from "./json.js";

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const LONG = 200; // characters: text that may be longer gets several lines
let made = 0;

/** A value as it stands in a control. */
export const shown = (value) => (value === undefined || value === null ? "" : typeof value === "object" ? (value.rawJSON ?? JSON.stringify(value)) : String(value));

/** A number as it was typed; undefined for nothing. */
export const numberOf = (text) => (typeof JSON.rawJSON === "function" && String(Number(text)) !== text ? JSON.rawJSON(text) : Number(text));

export const isNumber = (text) => NUMBER.test(text);
export const types = (schema) => [schema.type].flat().filter(Boolean);
export const nameOf = (schema, name) => schema.title ?? name;

/** A label, a control, a hint and a place for what is wrong. `inRow`: in a table, where the column's head is the label. */
export function frame({ schema, name, required, control, inRow = false, read, check = () => "" }) {
  made += 1;
  const id = `field-${made}`;
  const note = h("p", { class: "fault-note", id: `${id}-note`, hidden: true });
  const hint = !inRow && schema.description && h("p", { class: "hint", id: `${id}-hint` }, schema.description);
  set(control, "id", id);
  set(control, "aria-describedby", [hint && `${id}-hint`, `${id}-note`].filter(Boolean).join(" "));
  set(control, "required", required && control.type !== "checkbox");
  const mark = required && h("span", { class: "required" }, " required");
  const element = h("div", { class: inRow ? "field in-row" : "field" }, !inRow && h("label", { for: id }, nameOf(schema, name), mark), control, hint, note);
  control.addEventListener("input", () => blame(""));

  function blame(text) {
    note.hidden = text === "";
    write(note, text);
    set(control, "aria-invalid", text !== "" && "true");
  }

  return {
    element,
    control,
    label: nameOf(schema, name),
    read,
    blame,
    check() {
      const wrong = required && read() === undefined ? "is missing" : check();
      blame(wrong);
      return wrong ? control : null;
    },
    at: () => ({ field: self(), exactly: true }),
  };
  function self() {
    return { control, blame, label: nameOf(schema, name) };
  }
}

/** The field of a value that is neither object nor list. */
export function scalar(context) {
  const { schema } = context;
  if (schema.enum) return choice(context);
  if (types(schema).includes("boolean")) return yesNo(context);
  if (types(schema).some((type) => type === "number" || type === "integer")) return numeral(context);
  if (types(schema).includes("string")) return line(context);
  return raw(context);
}

function choice(context) {
  const { schema, value, required } = context;
  const control = h("select", {}, (!required || value === undefined) && h("option", { value: "" }, "–"), schema.enum.map((one) => h("option", { value: shown(one), selected: one === value }, schema.titles?.[shown(one)] ?? shown(one))));
  return frame({ ...context, control, read: () => (control.value === "" ? undefined : schema.enum.find((one) => shown(one) === control.value)) });
}

function yesNo(context) {
  const { schema, value } = context;
  const usual = schema.default === undefined ? "–" : `as usual (${schema.default ? "yes" : "no"})`;
  const words = [["", usual], ["true", "yes"], ["false", "no"]];
  const control = h("select", {}, words.map(([word, title]) => h("option", { value: word, selected: shown(value) === word }, title)));
  return frame({ ...context, control, read: () => (control.value === "" ? undefined : control.value === "true") });
}

function numeral(context) {
  const { schema, value } = context;
  const control = h("input", { type: "text", inputmode: "decimal", class: "numeral", value: shown(value), autocomplete: "off", placeholder: (!context.inRow && shown(schema.default)) || null });
  const text = () => control.value.trim();
  const maybeNull = types(schema).includes("null");
  const check = () => (text() === "" || isNumber(text()) ? "" : "is no number: digits, and a point before decimals");
  return frame({ ...context, control, check, read: () => (text() === "" ? (maybeNull ? null : undefined) : isNumber(text()) ? numberOf(text()) : text()) });
}

function line(context) {
  const { schema, value } = context;
  const kind = { date: "date", "date-time": "datetime-local", password: "password" }[schema.format] ?? "text";
  const isLong = kind === "text" && !context.inRow && ((schema.maxLength ?? 0) > LONG || shown(value).includes("\n"));
  const list = schema.examples && h("datalist", { id: `examples-${(made += 1)}` }, schema.examples.map((one) => h("option", { value: one })));
  const control = isLong
    ? h("textarea", { rows: 3 })
    : h("input", { type: kind, autocomplete: kind === "password" ? "new-password" : "off", list: list && list.id, placeholder: (kind === "text" && !context.inRow && shown(schema.default)) || null });
  control.value = kind === "datetime-local" && value ? local(value) : shown(value);
  const first = control.value; // what nobody touched stays as it came, to the millisecond
  const entered = () => (kind !== "datetime-local" ? control.value : control.value === first ? value : new Date(control.value).toISOString());
  const field = frame({ ...context, control, read: () => (control.value === "" ? undefined : entered()) });
  if (list) field.element.append(list);
  return field;
}

const local = (iso) => new Date(new Date(iso).getTime() - new Date(iso).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** A value of a shape that no control fits: as JSON. */
export function raw(context) {
  const control = h("textarea", { class: "code", rows: 4, spellcheck: "false" });
  control.value = context.value === undefined ? "" : pretty(context.value);
  const parse = () => {
    try {
      return control.value.trim() === "" ? undefined : exact(control.value);
    } catch {
      return null;
    }
  };
  const check = () => (control.value.trim() !== "" && parse() === null && control.value.trim() !== "null" ? "is not JSON" : "");
  return frame({ ...context, control, check, read: parse });
}

/** A list of texts or numbers: one a line. */
export function lines(context) {
  const { schema, value } = context;
  const isNumeric = types(schema.items).some((type) => type === "number" || type === "integer");
  const maybeNull = types(schema.items).includes("null");
  const control = h("textarea", { rows: Math.min(8, Math.max(2, (value ?? []).length)), class: isNumeric ? "numeral" : "" });
  control.value = (value ?? []).map(shown).join("\n");
  const texts = () => (control.value === "" ? [] : control.value.replace(/\n$/, "").split("\n").map((one) => one.trim()));
  const check = () => {
    const wrong = isNumeric ? texts().findIndex((one) => one !== "" && !isNumber(one)) : -1;
    return wrong >= 0 ? `line ${wrong + 1} is no number` : "";
  };
  const read = () => {
    const found = texts().map((one) => (isNumeric ? (one === "" && maybeNull ? null : isNumber(one) ? numberOf(one) : one) : one));
    return found.length || context.required || value !== undefined ? (found.length || context.required || (schema.minItems ?? 0) === 0 ? found : undefined) : undefined;
  };
  const told = { ...schema, description: [schema.description, "One a line."].filter(Boolean).join(". ").replace("..", ".") };
  return frame({ ...context, schema: told, control, check, read });
}

/** Words in one line, and choices of which several may be made: of options, whose schemas are the page's own. */
export function words(context) {
  const control = h("input", { type: "text", value: (context.value ?? []).join(", "), autocomplete: "off" });
  const read = () => {
    const found = control.value.split(/[\s,]+/).filter(Boolean);
    return found.length ? found : undefined;
  };
  return frame({ ...context, control, read });
}
