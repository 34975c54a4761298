// A text as payloads, a report a row, as the command `report-queue batch` reads it (client/command/sheet.py):
//
//     CSV          a head line of members; `buyer.name` and `lines.0.amount` lead into objects and lists
//     JSON Lines   a payload a line          JSON   a list of payloads
//
// A cell is what the report type's schema says it is: number, true or false, JSON where an object or a list is expected,
// else text; one that is empty is left out. A base holds what all rows have in common.

import { exact } from "./json.js";

const WORDS = { true: true, false: false };

/** What a text is: "csv", "jsonl" or "json"; by its file's name, or by how it begins. */
export function kindOf(text, name = "") {
  const ending = /\.(csv|jsonl|ndjson|json)$/i.exec(name)?.[1].toLowerCase();
  if (ending === "csv") return "csv";
  if (ending === "jsonl" || ending === "ndjson") return "jsonl";
  const first = text.trimStart()[0];
  return first === "[" ? "json" : first === "{" ? "jsonl" : "csv";
}

/** {rows: [{data, line}], faults: [{line, detail}]}: lines are counted from 1; only without faults the rows are all. */
export function readSheet(text, { kind, schema, base }) {
  const read = { csv: table, jsonl: lines, json: array }[kind];
  const { rows, faults } = read(text.replace(/^\uFEFF/, ""), schema);
  return { rows: rows.map(({ data, line }) => ({ data: over(base, data), line })), faults };
}

function lines(text) {
  const [rows, faults] = [[], []];
  text.split(/\r?\n/).forEach((one, place) => {
    if (one.trim() === "") return;
    try {
      rows.push({ data: exact(one), line: place + 1 });
    } catch (error) {
      faults.push({ line: place + 1, detail: `is not JSON: ${error.message}` });
    }
  });
  return { rows, faults };
}

function array(text) {
  let all;
  try {
    all = exact(text);
  } catch (error) {
    return { rows: [], faults: [{ line: 1, detail: `is not JSON: ${error.message}` }] };
  }
  if (!Array.isArray(all)) return { rows: [], faults: [{ line: 1, detail: "is no list of payloads" }] };
  const begins = linesOf(text);
  return { rows: all.map((data, place) => ({ data, line: begins[place] })), faults: [] };
}

/** The line where each member of a list begins; the text is JSON. */
function linesOf(text) {
  const found = [];
  let [depth, line, isNext] = [0, 1, false]; // isNext: a member begins at the next sign
  for (let place = 0; place < text.length; place += 1) {
    const sign = text[place];
    if (sign === "\n") line += 1;
    if (" \t\r\n".includes(sign)) continue;
    if (isNext && sign !== "]") found.push(line);
    isNext = (depth === 0 && sign === "[") || (depth === 1 && sign === ",");
    if (sign === '"') while (text[(place += 1)] !== '"') place += text[place] === "\\" ? 1 : 0;
    else if (sign === "[" || sign === "{") depth += 1;
    else if (sign === "]" || sign === "}") depth -= 1;
  }
  return found;
}

function table(text, schema) {
  const { records, fault } = recordsOf(text);
  const [rows, faults] = [[], fault ? [fault] : []];
  const [head, ...rest] = records;
  if (!head) return { rows, faults };
  const names = head.cells;
  if (new Set(names).size < names.length || names.some((name) => name === "")) return { rows, faults: [{ line: head.line, detail: "each column needs a name of its own in the first line" }] };
  const columns = names.map((name) => ({ steps: name.split("."), expected: expected(schema, name.split(".")) }));
  for (const { cells, line } of rest) {
    if (cells.length !== names.length) {
      faults.push({ line, detail: `${cells.length} cells, and the first line names ${names.length} columns` });
      continue;
    }
    const data = Object.create(null);
    try {
      columns.forEach(({ steps, expected }, place) => cells[place] !== "" && put(data, steps, value(cells[place], expected)));
      rows.push({ data, line });
    } catch (error) {
      faults.push({ line, detail: error.message });
    }
  }
  return { rows, faults };
}

/** The records of CSV as RFC 4180 has it, each with the line where it begins; empty lines are none. */
function recordsOf(text) {
  const records = [];
  let [place, line] = [0, 1];
  while (place < text.length) {
    const record = { cells: [], line };
    for (;;) {
      let cell = "";
      if (text[place] === '"') {
        const end = closing(text, place);
        if (end === null) return { records, fault: { line: record.line, detail: "a quote is opened and never closed" } };
        cell = text.slice(place + 1, end).replaceAll('""', '"');
        line += cell.split("\n").length - 1;
        place = end + 1;
        if (place < text.length && !",\r\n".includes(text[place])) return { records, fault: { line, detail: "a quote ends before the cell does: write a quote within a cell twice" } };
      } else {
        const start = place;
        while (place < text.length && !",\r\n".includes(text[place])) place += 1;
        cell = text.slice(start, place);
      }
      record.cells.push(cell);
      if (text[place] !== ",") break;
      place += 1;
    }
    if (text[place] === "\r" && text[place + 1] === "\n") place += 1;
    place += 1;
    line += 1;
    if (record.cells.length > 1 || record.cells[0] !== "") records.push(record);
  }
  return { records, fault: null };
}

function closing(text, start) {
  for (let place = text.indexOf('"', start + 1); place >= 0; place = text.indexOf('"', place + 2)) if (text[place + 1] !== '"') return place;
  return null;
}

/** Sets what the steps lead to; a number is the place in a list, whose members come in their order. */
function put(into, [step, ...rest], given) {
  const isPlace = /^\d+$/.test(step);
  const empty = () => (rest.length === 0 ? given : /^\d+$/.test(rest[0]) ? [] : Object.create(null));
  let key = step;
  if (Array.isArray(into)) {
    if (!isPlace || Number(step) > into.length) throw new Error(`column …${step}… has no place in its list: they are counted from 0`);
    key = Number(step);
    if (key === into.length) into.push(empty());
  } else if (typeof into === "object" && into !== null && !JSON.isRawJSON?.(into)) {
    if (!Object.hasOwn(into, step)) into[step] = empty();
  } else {
    throw new Error(`column …${step} leads into what is no object`);
  }
  if (rest.length) put(into[key], rest, given);
}

/** The type that the schema says of a member; "" where it says none. */
function expected(schema, steps) {
  let here = schema;
  for (const step of steps) {
    here = resolved(here, schema);
    here = /^\d+$/.test(step) ? here.items : own(here.properties, step);
  }
  const said = resolved(here, schema).type;
  return typeof said === "string" ? said : "";
}

function resolved(here, schema) {
  const reference = here?.$ref;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return here ?? {};
  return reference.slice(2).split("/").reduce(own, schema) ?? {};
}

const own = (object, name) => (object && Object.hasOwn(object, name) ? object[name] : undefined);

/** The cell as that type, or as text where it is none: then the API says what is wrong with it. */
function value(cell, type) {
  if (type === "boolean") return own(WORDS, cell.trim().toLowerCase()) ?? cell;
  if (!["number", "integer", "object", "array"].includes(type)) return cell;
  try {
    return exact(cell);
  } catch {
    return cell;
  }
}

const isObject = (one) => typeof one === "object" && one !== null && !Array.isArray(one) && !JSON.isRawJSON?.(one);

/** The data, and of the base what it leaves out. */
function over(base, data) {
  if (data === null || data === undefined) return base ?? data;
  if (!isObject(base) || !isObject(data)) return data;
  const names = new Set([...Object.keys(base), ...Object.keys(data)]);
  return Object.fromEntries([...names].map((name) => [name, Object.hasOwn(data, name) ? over(own(base, name), data[name]) : base[name]]));
}
