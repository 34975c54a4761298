// A batch: many reports of one type, a row each, pasted or from a file. What is wrong with a row is told with its line.

import { post } from "./api.js";
import { h, say, set, write } from "./dom.js";
import { placeIn } from "./draft.js";
import { node } from "./form.js";
import { bytes, count, many } from "./format.js";
import { randomKey } from "./idempotency.js";
import { exact } from "./json.js";
import { rowsTable } from "./rows.js";
import { kindOf, readSheet } from "./sheet.js";
import { trouble } from "./trouble.js";
import { reportTypes } from "./types.js";
import { batchSchema, optionsSchema } from "./wishes.js";

const MOST = 1_000; // reports in a batch
const LARGEST = 6_000_000; // bytes of a file; the API says how much of it is too much
const FAULTS_SHOWN = 20;
const KINDS = { csv: "CSV", jsonl: "JSON Lines", json: "a JSON list" };

const kept = { text: "", fileName: "" }; // what leaving the form does not lose

export function newBatch({ query, go }) {
  let types = [];
  let attempt = null; // {body, key}: the same body sent again, after a lost answer, is the same batch
  let sheet = { rows: [], faults: [] };
  const facts = node({ schema: batchSchema(), name: "batch", top: true, required: true, value: {} });
  const options = node({ schema: optionsSchema({ inBatch: true }), name: "options", top: true, required: true, value: {} });

  const type = h("select", { id: "type", name: "type", "aria-describedby": "type-about", on: { change: read } });
  const about = h("p", { class: "hint", id: "type-about" });
  const file = h("input", { type: "file", id: "file", accept: ".csv,.jsonl,.ndjson,.json,text/csv,application/json", on: { change: load } });
  const area = h("textarea", { id: "rows", class: "code editor short", rows: 10, spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", "aria-describedby": "rows-hint rows-check", on: { input: typed } });
  const base = h("textarea", { id: "base", class: "code", rows: 4, spellcheck: "false", "aria-describedby": "base-hint", on: { input: read } });
  const note = h("p", { class: "check", id: "rows-check", role: "status" });
  const wrong = h("ul", { class: "faults check", "data-bad": "true" });
  const first = rowsTable();
  const basePlace = h("details", { class: "options" }, h("summary", {}, "What all rows have in common"), h("div", { class: "field" }, h("label", { for: "base" }, "Payload (JSON)"), base, h("p", { class: "hint", id: "base-hint" }, "A row's own members go before these.")));
  const optionsPlace = h("details", { class: "options" }, h("summary", {}, "Options of each report"), options.element);
  const submit = h("button", { type: "submit", class: "button primary" }, "Submit batch");
  const answer = h("div", {});
  const form = h(
    "form",
    { class: "panel form", novalidate: true, on: { submit: send } },
    h("div", { class: "field" }, h("label", { for: "type" }, "Report type"), type, about),
    h("div", { class: "field" }, h("label", { for: "file" }, "A file of rows"), file),
    h(
      "div",
      { class: "field" },
      h("label", { for: "rows" }, "Or paste them"),
      area,
      h("p", { class: "hint", id: "rows-hint" }, "CSV, JSON Lines or a JSON list: a report a row. The head of CSV names members of the payload; a dot leads into objects and lists (buyer.name, lines.0.amount). An empty cell is left out. The command report-queue batch reads files the same way."),
      note,
      wrong,
    ),
    first.element,
    basePlace,
    facts.element,
    optionsPlace,
    answer,
    h("div", { class: "actions end" }, submit),
  );

  const chosen = () => types.find((candidate) => candidate.name === type.value);

  async function load() {
    const [given] = file.files;
    if (!given) return;
    if (given.size > LARGEST) return write(note, `${given.name} has ${bytes(given.size)}: send it in several batches.`), set(note, "data-bad", "true");
    put(await given.text(), given.name);
    say(`${given.name} is there: ${many(sheet.rows.length, "row")}.`);
  }

  function typed() {
    kept.fileName = "";
    file.value = "";
    kept.text = area.value;
    read();
  }

  function put(text, fileName) {
    Object.assign(kept, { text, fileName });
    area.value = text;
    read();
  }

  /** Reads the rows anew, and says what they are and what is wrong with them. */
  function read() {
    write(about, chosen().description);
    const text = area.value;
    const common = baseOf();
    const kind = kindOf(text, kept.fileName);
    sheet = text.trim() === "" ? { rows: [], faults: [] } : readSheet(text, { kind, schema: chosen().schema, base: common.value });
    if (sheet.rows.length > MOST) sheet.faults.push({ line: sheet.rows[MOST].line, detail: `a batch has at most ${count(MOST)} reports, and here are ${count(sheet.rows.length)}` });
    const faults = [...sheet.faults].sort((one, other) => one.line - other.line);
    const isBad = faults.length > 0 || common.fault !== "";
    set(area, "aria-invalid", faults.length > 0 && "true");
    set(base, "aria-invalid", common.fault !== "" && "true");
    set(note, "data-bad", isBad && "true");
    const said = text.trim() === "" ? "No rows yet." : `${KINDS[kind]}, ${many(sheet.rows.length, "report")}, ${bytes(new Blob([text]).size)}`;
    write(note, common.fault || (faults.length ? `${many(faults.length, "line")} cannot be read:` : said));
    wrong.replaceChildren(...faults.slice(0, FAULTS_SHOWN).map(({ line, detail }) => h("li", {}, h("button", { type: "button", class: "link", on: { click: () => goTo(line) } }, `Line ${line}`), " ", h("span", {}, detail))));
    if (faults.length > FAULTS_SHOWN) wrong.append(h("li", {}, `and ${count(faults.length - FAULTS_SHOWN)} more`));
    first.show(sheet.rows);
    write(submit, sheet.rows.length ? `Submit ${many(sheet.rows.length, "report")}` : "Submit batch");
    return !isBad && sheet.rows.length > 0;
  }

  function baseOf() {
    if (base.value.trim() === "") return { value: undefined, fault: "" };
    try {
      return { value: exact(base.value), fault: "" };
    } catch (error) {
      return { value: undefined, fault: `What all rows have in common is not JSON: ${error.message}` };
    }
  }

  /** Leads to a line of the rows. */
  function goTo(line) {
    const lines = area.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.focus();
    area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    area.scrollTop = (line - 3) * Number.parseFloat(getComputedStyle(area).lineHeight);
  }

  function isReady() {
    if (!read()) {
      const target = base.getAttribute("aria-invalid") ? base : area;
      if (target === base) basePlace.open = true;
      if (area.value.trim() === "") set(note, "data-bad", "true");
      target.focus();
      return false;
    }
    for (const [one, place] of [[facts, null], [options, optionsPlace]]) {
      const control = one.check();
      if (!control) continue;
      if (place) place.open = true;
      control.focus();
      return false;
    }
    return true;
  }

  async function send(event) {
    event.preventDefault();
    if (submit.disabled || !isReady()) return;
    const wishes = options.read();
    const reports = sheet.rows.map(({ data }) => ({ reportType: type.value, data, ...(Object.keys(wishes).length > 0 && { options: wishes }) }));
    const body = JSON.stringify({ ...facts.read(), reports });
    if (attempt?.body !== body) attempt = { body, key: randomKey() };
    set(submit, "disabled", true);
    answer.replaceChildren();
    try {
      const accepted = await post("/api/v1/batches", { body, headers: { "Idempotency-Key": attempt.key } });
      Object.assign(kept, { text: "", fileName: "" });
      say(accepted.message);
      go(`#/batch/${encodeURIComponent(accepted.data.batchId)}`);
    } catch (error) {
      const details = new Map((error.faults ?? []).map(({ pointer, detail }) => [pointer, detail]));
      answer.replaceChildren(trouble(error, "The batch was not accepted, none of it.", { at: (pointer) => placeOf(pointer, details.get(pointer)) }));
      answer.firstElementChild.focus();
    } finally {
      set(submit, "disabled", null);
    }
  }

  /** Where a fault is: in a row, the options of all, or the batch itself. */
  function placeOf(pointer, detail) {
    const [, place, inside] = /^\/reports\/(\d+)(\/.*)?$/.exec(pointer) ?? [];
    if (place === undefined) return placeIn(facts, pointer, detail);
    if (inside?.startsWith("/options/")) {
      optionsPlace.open = true;
      return placeIn(options, inside.slice("/options".length), detail);
    }
    const row = sheet.rows[Number(place)];
    return row ? { label: `line ${row.line}`, go: () => goTo(row.line) } : null;
  }

  return {
    title: "New batch",
    needs: "submit",
    body: [h("div", { class: "head" }, h("div", {}, h("p", { class: "crumb" }, h("a", { href: "#/batches" }, "Batches")), h("h1", { tabindex: -1 }, "New batch"))), form],
    ask: () => reportTypes(),
    show(known) {
      types = known;
      type.replaceChildren(...types.map(({ name, title }) => h("option", { value: name, selected: name === query.get("type") }, title)));
      if (types.length) put(kept.text, kept.fileName);
    },
    once: true, // what is typed is not asked for again
  };
}
