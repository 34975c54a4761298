// A new report, or a schedule of one: a type, its payload, and what may be wished. Numbers are sent as they were typed;
// the API checks the payload against the type's schema, and each fault is shown at its field.

import { call, get, post } from "./api.js";
import { repeatable } from "./asked.js";
import { h, fill, say, set, write } from "./dom.js";
import { draft, placeIn } from "./draft.js";
import { node } from "./form.js";
import { randomKey } from "./idempotency.js";
import { exact, pretty } from "./json.js";
import { readHooks, readJob } from "./model.js";
import { previewPanel } from "./preview.js";
import { trouble } from "./trouble.js";
import { reportTypes } from "./types.js";
import { optionsSchema, scheduleSchema } from "./wishes.js";

const UNSEEN = ["delaySeconds", "runAt", "expiresAt", "dedupKey", "dedupSeconds", "dedupMode", "webhook", "callback"];
const drafts = new Map(); // type name -> text: changing the type, or leaving the form, loses nothing

export function newReport({ query, go }) {
  let types = [];
  let attempt = null; // {body, key}: the same body sent again, after a lost answer, is the same job
  let rows = null; // {key, member} of the object that holds an earlier job's rows
  let options = node({ schema: optionsSchema(), name: "options", top: true, required: true, value: {} });
  const timing = node({ schema: scheduleSchema(), name: "schedule", top: true, required: true, value: {} });

  const type = h("select", { id: "type", name: "type", "aria-describedby": "type-about", on: { change: () => choose(type.value) } });
  const about = h("p", { class: "hint", id: "type-about" });
  const payload = draft({ changed: (text) => drafts.set(type.value, text), submit: () => form.requestSubmit() });
  const optionsPlace = h("details", { class: "options" }, h("summary", {}, "Options"), options.element);
  const again = h("input", { type: "checkbox", id: "again", on: { change: showTiming } });
  again.checked = query.has("again");
  const timingPlace = h("fieldset", { class: "group-of-fields" }, h("legend", {}, "Schedule"), timing.element);
  const submit = h("button", { type: "submit", class: "button primary" }, "Submit report");
  const preview = h("button", { type: "button", class: "button", on: { click: look } }, "Preview");
  const previewed = previewPanel();
  const rowsPlace = h("div", { class: "notice rows-from", hidden: true });
  const answer = h("div", {});
  const schema = h("details", { class: "panel" }, h("summary", {}, "What this report takes"), h("div", {}));
  const form = h(
    "form",
    { class: "panel form", novalidate: true, on: { input: previewed.outdate, submit: send, keydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.tagName !== "TEXTAREA" && form.requestSubmit() } },
    h(
      "div",
      { class: "panel-head" },
      h("div", { class: "field" }, h("label", { for: "type" }, "Report type"), type, about),
      h("button", { type: "button", class: "button small", on: { click: sample } }, "Fill in the sample"),
    ),
    payload.element,
    rowsPlace,
    optionsPlace,
    h("label", { class: "check-line", for: "again" }, again, "Again and again, on a schedule"),
    timingPlace,
    answer,
    h("div", { class: "actions end" }, h("span", { class: "hint" }, "Ctrl + Enter submits, too"), preview, submit),
  );

  const chosen = () => types.find((candidate) => candidate.name === type.value);

  function choose(name) {
    type.value = name;
    write(about, chosen().description);
    payload.put(drafts.get(name) ?? pretty(chosen().sample), without(chosen().schema, rows?.member));
    answer.replaceChildren();
    fill(schema.lastElementChild, name, () => h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Schema" }, pretty(chosen().schema)));
  }

  function sample() {
    drafts.delete(type.value);
    takeRows(null);
    payload.put(pretty(chosen().sample), chosen().schema);
    say("The sample is filled in.");
  }

  function showTiming() {
    timingPlace.hidden = !again.checked;
    write(submit, again.checked ? "Make the schedule" : "Submit report");
  }

  /** The report as it is sent, as text: the payload is not parsed on the way. */
  function reportOf(wishes = options.read()) {
    const members = [`"reportType": ${JSON.stringify(type.value)}`, `"data": ${payload.read()}`];
    if (rows) members.push(`"dataRef": ${JSON.stringify(rows)}`);
    if (Object.keys(wishes).length) members.push(`"options": ${JSON.stringify(wishes)}`);
    return `{${members.join(", ")}}`;
  }

  function bodyOf() {
    const report = reportOf();
    if (!again.checked) return report;
    const times = JSON.stringify(timing.read());
    return `{${times.slice(1, -1)}${times === "{}" ? "" : ", "}"report": ${report}}`;
  }

  function isReady() {
    if (!payload.demand()) return false;
    for (const [one, place] of [[options, optionsPlace], again.checked ? [timing, null] : []]) {
      const wrong = one?.check();
      if (!wrong) continue;
      if (place) place.open = true;
      wrong.focus();
      return false;
    }
    return true;
  }

  async function send(event) {
    event.preventDefault();
    if (submit.disabled || !isReady()) return;
    const body = bodyOf();
    drafts.set(type.value, payload.read());
    if (attempt?.body !== body) attempt = { body, key: randomKey() };
    set(submit, "disabled", true);
    answer.replaceChildren();
    try {
      const accepted = await post(again.checked ? "/api/v1/schedules" : "/api/v1/reports/generate", { body, headers: { "Idempotency-Key": attempt.key } });
      drafts.delete(type.value);
      say(accepted.message);
      go(again.checked ? `#/schedule/${encodeURIComponent(accepted.data.scheduleId)}` : `#/job/${encodeURIComponent(accepted.data.jobId)}`);
    } catch (error) {
      blame(error, again.checked ? "The schedule was not made." : "The report was not accepted.", { inSchedule: again.checked });
    } finally {
      set(submit, "disabled", null);
    }
  }

  /** Has the report made once, to be looked at: nothing is queued and nothing kept. */
  async function look() {
    if (preview.disabled || !isReady()) return;
    drafts.set(type.value, payload.read());
    set(preview, "disabled", true);
    answer.replaceChildren();
    try {
      await previewed.make(reportOf(seen(options.read())), type.value);
    } catch (error) {
      blame(error, "There is no preview.", { inSchedule: false });
    } finally {
      set(preview, "disabled", null);
    }
  }

  /** Says what the API found wrong, at the fields and above the buttons. */
  function blame(error, headline, { inSchedule }) {
    const details = new Map((error.faults ?? []).map(({ pointer, detail }) => [pointer, detail]));
    answer.replaceChildren(trouble(error, headline, { at: (pointer) => placeOf(pointer, details.get(pointer), inSchedule) }));
    answer.firstElementChild.focus();
  }

  /** Where a fault is: in the payload, the options, or the schedule. */
  function placeOf(pointer, detail, inSchedule) {
    const inReport = inSchedule ? pointer.replace(/^\/report(?=\/|$)/, "") : pointer;
    if (inSchedule && inReport === pointer) return placeIn(timing, pointer, detail);
    if (/^\/data(\/|$)/.test(inReport)) return payload.placeOf(inReport.slice("/data".length), detail);
    if (!inReport.startsWith("/options/")) return null;
    optionsPlace.open = true;
    return placeIn(options, inReport.slice("/options".length), detail);
  }

  async function ask(signal) {
    const from = query.get("from");
    const [known, text, hooks] = await Promise.all([
      reportTypes(),
      from && call("GET", `/api/jobs/${encodeURIComponent(from)}`, { signal }),
      get("/api/v1/webhooks", { signal }).then(readHooks).catch(() => []), // the form does without
    ]);
    return { known, text, hooks };
  }

  function show({ known, text, hooks }) {
    types = known;
    type.replaceChildren(...types.map(({ name, title }) => h("option", { value: name }, title)));
    const earlier = text ? JSON.parse(text) : null;
    const wanted = earlier ? earlier.name : query.get("type");
    const first = types.find((candidate) => candidate.name === wanted) ?? types[0];
    if (!first) return;
    if (earlier && first.name === wanted && earlier.jobData) drafts.set(first.name, pretty(exact(text).jobData));
    if (earlier && first.name === wanted) takeRows(readJob(earlier).rows);
    showOptions(repeatable(earlier?.options ?? {}), hooks.filter(({ url }) => url !== null));
    choose(first.name);
  }

  /** The options, those of an earlier job filled in. */
  function showOptions(value, hooks) {
    const isKnown = !value.webhook || hooks.some(({ id }) => id === value.webhook);
    options.element.remove();
    options = node({ schema: optionsSchema({ hooks: isKnown ? hooks : [...hooks, { id: value.webhook }] }), name: "options", top: true, required: true, value });
    optionsPlace.append(options.element);
    optionsPlace.open = Object.keys(value).length > 0;
  }

  /** The rows that stand in the bucket and not in the payload, or null where it has them all. */
  function takeRows(found) {
    rows = found;
    rowsPlace.hidden = found === null;
    if (found === null) return;
    const leave = () => (takeRows(null), choose(type.value), say("The rows are left out."));
    rowsPlace.replaceChildren(h("p", {}, "Its ", h("code", {}, found.member), " are the object ", h("code", { class: "id" }, found.key), "."), h("div", { class: "actions" }, h("button", { type: "button", class: "button small", on: { click: leave } }, "Leave them out")));
  }

  showTiming();
  return {
    title: "New report",
    needs: "submit",
    body: [h("div", { class: "head" }, h("h1", { tabindex: -1 }, "New report"), h("a", { class: "button", href: "#/new-batch" }, "Many at once…")), form, previewed.panel, schema],
    stop: previewed.close,
    ask,
    show,
    once: true, // what is typed is not asked for again
  };
}

/** The options without those that a preview refuses, because they say when, or whom to tell, and nothing of the document. */
const seen = (wishes) => Object.fromEntries(Object.entries(wishes).filter(([name]) => !UNSEEN.includes(name)));

/** A schema without a member, which is elsewhere. */
function without(schema, member) {
  if (!member || !schema.properties) return schema;
  const { [member]: _, ...properties } = schema.properties;
  return { ...schema, properties, required: (schema.required ?? []).filter((name) => name !== member) };
}
