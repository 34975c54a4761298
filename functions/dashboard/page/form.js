// A form made from a JSON schema, filled with a value: objects as groups, lists as tables or groups with rows to add and
// remove. It reads back the value, and shows a fault at the field that its JSON Pointer names.
//
// A node is {element, read(), check(), at(parts)}; `at` gives the nearest field to a place, `exactly` where it is there.

import { h, icon, say, set } from "./dom.js";
import { frame, lines, nameOf, raw, scalar, types, words } from "./fields.js";

const ROWS_SHOWN = 200; // more are edited as JSON: a browser takes its time for 10,000 controls

/** The node of a value. `name`: what it is called where the schema has no title. */
export function node(context) {
  const { schema } = context;
  if (schema.format === "words") return words(context);
  if (schema.type === "object" && schema.properties) return group(context);
  if (schema.type === "array" && schema.items) return list(context);
  return scalar(context);
}

const isFlat = (schema) => schema.type === "object" && schema.properties && Object.values(schema.properties).every((one) => ["string", "number", "integer", "boolean"].includes([one.type].flat()[0]));
const isPlain = (schema) => types(schema).length > 0 && types(schema).every((type) => ["string", "number", "integer", "null"].includes(type)) && !schema.enum;

/** An object. One that may be left out, and is, can be added. */
function group(context) {
  const { schema, name, required, top } = context;
  const there = new Map(); // member -> node
  const known = Object.entries(schema.properties);
  const fields = h("div", { class: "fields" });
  const add = h("button", { type: "button", class: "button small" }, icon("add"), `Add ${nameOf(schema, name)}`);
  const remove = h("button", { type: "button", class: "button quiet small" }, "Leave out", h("span", { class: "unseen" }, ` ${nameOf(schema, name)}`));
  const element = top ? fields : h("fieldset", { class: "group-of-fields" }, h("legend", {}, nameOf(schema, name), required && h("span", { class: "required" }, " required")), schema.description && h("p", { class: "hint" }, schema.description), fields, !required && h("div", { class: "actions" }, add, remove));
  let value = context.value;
  let isThere = top || required || value !== undefined;

  function build() {
    there.clear();
    for (const [member, inner] of isThere ? known : []) there.set(member, node({ schema: inner, name: member, required: (schema.required ?? []).includes(member), value: value?.[member] }));
    fields.replaceChildren(...[...there.values()].map((one) => one.element));
    add.hidden = isThere;
    remove.hidden = !isThere;
  }

  add.addEventListener("click", () => {
    isThere = true;
    build();
    fields.querySelector("input, select, textarea")?.focus();
  });
  remove.addEventListener("click", () => {
    isThere = false;
    value = undefined;
    build();
    add.focus();
  });
  build();

  return {
    element,
    read() {
      if (!isThere) return undefined;
      // What the schema does not know is kept: it is the API's to refuse.
      const strange = Object.entries(value ?? {}).filter(([member]) => !Object.hasOwn(schema.properties, member));
      const read = [...there].map(([member, one]) => [member, one.read()]).filter(([, found]) => found !== undefined);
      return Object.fromEntries([...read, ...strange]);
    },
    check: () => [...there.values()].reduce((first, one) => first ?? one.check(), null),
    at([member, ...rest]) {
      const inner = there.get(member);
      return inner ? inner.at(rest) : { field: null, exactly: false };
    },
  };
}

function list(context) {
  const { schema, value } = context;
  if ((value ?? []).length > ROWS_SHOWN) return kept(context);
  if (isFlat(schema.items)) return rows(context);
  const isOneLine = (value ?? []).every((one) => !String(one).includes("\n"));
  if (isPlain(schema.items)) return isOneLine ? lines(context) : raw(context);
  if (schema.items.type === "object") return groups(context);
  return raw(context);
}

/** A list too long for a form: it stays as it is. */
function kept(context) {
  const control = h("output", {}, `${context.value.length.toLocaleString("en-US")} entries, which are edited as JSON`);
  return frame({ ...context, required: false, control, read: () => context.value });
}

/** What lists of objects share: their nodes, a button that adds one, and the numbers of those that are left. */
function listOf(context, { body, make, wrap }) {
  const { schema, name, required } = context;
  const title = nameOf(schema, name);
  const one = schema.items.title ?? "row";
  const inner = []; // [{node, element}]
  const add = h("button", { type: "button", class: "button small", on: { click: () => (push(undefined).querySelector("input, select, textarea")?.focus(), renumber()) } }, icon("add"), `Add ${one.toLowerCase()}`);
  const element = h("fieldset", { class: "group-of-fields" }, h("legend", {}, title, required && h("span", { class: "required" }, " required")), schema.description && h("p", { class: "hint" }, schema.description), wrap, h("div", { class: "actions" }, add));

  function push(value) {
    const made = make(value);
    const remove = h("button", { type: "button", class: "button quiet small", on: { click: () => drop(entry) } }, icon("remove"));
    const entry = { ...made, remove };
    made.last.append(remove);
    inner.push(entry);
    body.append(made.element);
    return made.element;
  }

  function drop(entry) {
    const place = inner.indexOf(entry);
    inner.splice(place, 1);
    entry.element.remove();
    renumber();
    say(`${one} ${place + 1} is removed.`);
    (inner[Math.min(place, inner.length - 1)]?.remove ?? add).focus();
  }

  function renumber() {
    inner.forEach((entry, place) => {
      set(entry.remove, "aria-label", `Remove ${one.toLowerCase()} ${place + 1}`);
      entry.number(place + 1);
    });
    set(wrap, "hidden", inner.length === 0);
  }

  for (const value of context.value ?? []) push(value);
  renumber();
  return {
    element,
    read: () => (inner.length || required || context.value !== undefined ? inner.map((entry) => entry.read()) : undefined),
    check: () => inner.reduce((first, entry) => first ?? entry.check(), null),
    at([place, ...rest]) {
      const entry = inner[Number(place)];
      return entry ? entry.at(rest) : { field: { control: add, blame: () => {}, label: title }, exactly: false };
    },
  };
}

/** A list of flat objects: a table, a row each. */
function rows(context) {
  const { schema } = context;
  const members = Object.entries(schema.items.properties);
  const needed = schema.items.required ?? [];
  const body = h("tbody", {});
  const head = members.map(([member, inner]) => h("th", { scope: "col", title: inner.description }, nameOf(inner, member), needed.includes(member) && h("span", { class: "required" }, " *", h("span", { class: "unseen" }, "required"))));
  const table = h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Remove")))), body);

  function make(value) {
    const fields = members.map(([member, inner]) => [member, scalar({ schema: inner, name: member, required: needed.includes(member), value: value?.[member], inRow: true })]);
    const strange = Object.entries(value ?? {}).filter(([member]) => !Object.hasOwn(schema.items.properties, member));
    const last = h("td", { class: "remove" });
    return {
      element: h("tr", {}, fields.map(([, field]) => h("td", { "data-label": field.label }, field.element)), last),
      last,
      number: (place) => fields.forEach(([, field]) => set(field.control, "aria-label", `${field.label}, row ${place}`)),
      read: () => Object.fromEntries([...fields.map(([member, field]) => [member, field.read()]).filter(([, found]) => found !== undefined), ...strange]),
      check: () => fields.reduce((first, [, field]) => first ?? field.check(), null),
      at: ([member]) => (fields.find(([name]) => name === member) ?? fields[0])[1].at([]),
    };
  }

  return listOf(context, { body, make, wrap: h("div", { class: "scrolls" }, table) });
}

/** A list of other objects: a group each. */
function groups(context) {
  const { schema } = context;
  const one = schema.items.title ?? nameOf(schema, context.name);
  const body = h("div", { class: "fields" });

  function make(value) {
    const inner = node({ schema: schema.items, name: one, required: true, top: true, value: value ?? {} });
    const legend = h("legend", {});
    const last = h("div", { class: "actions end" });
    return { ...inner, element: h("fieldset", { class: "group-of-fields" }, legend, inner.element, last), last, number: (place) => legend.replaceChildren(`${one} ${place}`) };
  }

  return listOf(context, { body, make, wrap: body });
}

/** The parts of a JSON Pointer. */
export function partsOf(pointer) {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
