// A new report, or a schedule of one: a type, its payload, and what may be wished. Numbers are sent as they were typed;
// the API checks the payload against the type's schema, and each fault is shown at its field.

import { call, post } from "./api.js";
import { h, fill, say, set, write } from "./dom.js";
import { draft, placeIn } from "./draft.js";
import { node } from "./form.js";
import { randomKey } from "./idempotency.js";
import { exact, pretty } from "./json.js";
import { trouble } from "./trouble.js";
import { reportTypes } from "./types.js";
import { optionsSchema, scheduleSchema } from "./wishes.js";

const drafts = new Map(); // type name -> text: changing the type, or leaving the form, loses nothing

export function newReport({ query, go }) {
  let types = [];
  let attempt = null; // {body, key}: the same body sent again, after a lost answer, is the same job
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
  const answer = h("div", {});
  const schema = h("details", { class: "panel" }, h("summary", {}, "What this report takes"), h("div", {}));
  const form = h(
    "form",
    { class: "panel form", novalidate: true, on: { submit: send, keydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.tagName !== "TEXTAREA" && form.requestSubmit() } },
    h(
      "div",
      { class: "panel-head" },
      h("div", { class: "field" }, h("label", { for: "type" }, "Report type"), type, about),
      h("button", { type: "button", class: "button small", on: { click: sample } }, "Fill in the sample"),
    ),
    payload.element,
    optionsPlace,
    h("label", { class: "check-line", for: "again" }, again, "Again and again, on a schedule"),
    timingPlace,
    answer,
    h("div", { class: "actions end" }, h("span", { class: "hint" }, "Ctrl + Enter submits, too"), submit),
  );

  const chosen = () => types.find((candidate) => candidate.name === type.value);

  function choose(name) {
    type.value = name;
    write(about, chosen().description);
    payload.put(drafts.get(name) ?? pretty(chosen().sample), chosen().schema);
    answer.replaceChildren();
    fill(schema.lastElementChild, name, () => h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Schema" }, pretty(chosen().schema)));
  }

  function sample() {
    drafts.delete(type.value);
    payload.put(pretty(chosen().sample), chosen().schema);
    say("The sample is filled in.");
  }

  function showTiming() {
    timingPlace.hidden = !again.checked;
    write(submit, again.checked ? "Make the schedule" : "Submit report");
  }

  /** What is sent, as text: the payload is not parsed on the way. */
  function bodyOf() {
    const wishes = options.read();
    const report = `{"reportType": ${JSON.stringify(type.value)}, "data": ${payload.read()}${Object.keys(wishes).length ? `, "options": ${JSON.stringify(wishes)}` : ""}}`;
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
      const details = new Map((error.faults ?? []).map(({ pointer, detail }) => [pointer, detail]));
      answer.replaceChildren(trouble(error, again.checked ? "The schedule was not made." : "The report was not accepted.", { at: (pointer) => placeOf(pointer, details.get(pointer)) }));
      answer.firstElementChild.focus();
    } finally {
      set(submit, "disabled", null);
    }
  }

  /** Where a fault is: in the payload, the options, or the schedule. */
  function placeOf(pointer, detail) {
    const inReport = again.checked ? pointer.replace(/^\/report(?=\/|$)/, "") : pointer;
    if (again.checked && inReport === pointer) return placeIn(timing, pointer, detail);
    if (/^\/data(\/|$)/.test(inReport)) return payload.placeOf(inReport.slice("/data".length), detail);
    if (!inReport.startsWith("/options/")) return null;
    optionsPlace.open = true;
    return placeIn(options, inReport.slice("/options".length), detail);
  }

  async function ask(signal) {
    const from = query.get("from");
    const [known, text] = await Promise.all([reportTypes(), from && call("GET", `/api/jobs/${encodeURIComponent(from)}`, { signal })]);
    return { known, text };
  }

  function show({ known, text }) {
    types = known;
    type.replaceChildren(...types.map(({ name, title }) => h("option", { value: name }, title)));
    const earlier = text ? JSON.parse(text) : null;
    const wanted = earlier ? earlier.name : query.get("type");
    const first = types.find((candidate) => candidate.name === wanted) ?? types[0];
    if (!first) return;
    if (earlier && first.name === wanted && earlier.jobData) drafts.set(first.name, pretty(exact(text).jobData));
    if (earlier) repeatWishes(earlier);
    choose(first.name);
  }

  /** What the API tells of an earlier job's options. */
  function repeatWishes({ tags, priority }) {
    const value = { ...(tags?.length && { tags }), ...(typeof priority === "number" && priority !== 5 && { priority }) };
    options.element.remove();
    options = node({ schema: optionsSchema(), name: "options", top: true, required: true, value });
    optionsPlace.append(options.element);
    optionsPlace.open = Object.keys(value).length > 0;
  }

  showTiming();
  return {
    title: "New report",
    needs: "submit",
    body: [h("div", { class: "head" }, h("h1", { tabindex: -1 }, "New report")), form, schema],
    ask,
    show,
    once: true, // what is typed is not asked for again
  };
}
