// A new report: a type, its payload as JSON, a few options. What is sent is the text as it was typed, so that no
// number is rounded on the way; the API checks it against the type's schema and says all that is wrong.

import { call, post } from "./api.js";
import { fill, h, say, set, write } from "./dom.js";
import { editor } from "./editor.js";
import { exact, pretty } from "./json.js";
import { trouble } from "./trouble.js";
import { reportTypes } from "./types.js";

const drafts = new Map(); // type name -> text: changing the type, or leaving the form, loses nothing

export function newReport({ query, go }) {
  let types = [];
  let attempt = null; // {body, key}: the same body sent again, after a lost answer, is the same job

  const type = h("select", { id: "type", name: "type", on: { change: () => choose(type.value) } });
  const about = h("p", { class: "hint", id: "type-about" });
  const payload = editor({
    id: "payload",
    typed: (text) => drafts.set(type.value, text),
    submit: () => form.requestSubmit(),
  });
  const attempts = numberField("attempts", "Attempts", 1, 10, "1 to 10; empty for the usual number");
  const delay = numberField("delay", "Start after (seconds)", 0, 604_800, "0 to 604,800, a week; empty for at once");
  const submit = h("button", { type: "submit", class: "button primary" }, "Submit report");
  const answer = h("div", {});
  const schema = h("details", { class: "panel" }, h("summary", {}, "What this report takes"));
  const schemaBody = h("div", {});
  schema.append(schemaBody);
  set(type, "aria-describedby", "type-about");

  const form = h(
    "form",
    { class: "panel form", novalidate: true, on: { submit: send } },
    h("div", { class: "field" }, h("label", { for: "type" }, "Report type"), type, about),
    h(
      "div",
      { class: "field" },
      h(
        "div",
        { class: "panel-head" },
        h("label", { for: "payload" }, "Payload (JSON)"),
        h(
          "div",
          { class: "actions" },
          h("button", { type: "button", class: "button small", on: { click: payload.format } }, "Format"),
          h("button", { type: "button", class: "button small", on: { click: sample } }, "Fill in the sample"),
        ),
      ),
      payload.area,
      payload.note,
    ),
    h("details", { class: "options" }, h("summary", {}, "Options"), h("div", { class: "option-fields" }, attempts.field, delay.field)),
    answer,
    h("div", { class: "actions end" }, h("span", { class: "hint" }, "Ctrl + Enter submits, too"), submit),
  );

  const chosen = () => types.find((candidate) => candidate.name === type.value);

  function choose(name) {
    type.value = name;
    write(about, chosen().description);
    payload.put(drafts.get(name) ?? pretty(chosen().sample));
    answer.replaceChildren();
    fill(schemaBody, name, () => h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Schema" }, pretty(chosen().schema)));
  }

  function sample() {
    drafts.delete(type.value);
    payload.put(pretty(chosen().sample));
    say("The sample is filled in.");
  }

  async function send(event) {
    event.preventDefault();
    if (!payload.demand()) return;
    for (const { input } of [attempts, delay]) {
      if (!input.checkValidity()) {
        input.closest("details").open = true;
        input.reportValidity();
        return;
      }
    }
    const options = {};
    if (attempts.input.value !== "") options.attempts = attempts.input.valueAsNumber;
    if (delay.input.value !== "") options.delaySeconds = delay.input.valueAsNumber;
    const more = Object.keys(options).length > 0 ? `, "options": ${JSON.stringify(options)}` : "";
    const body = `{"reportType": ${JSON.stringify(type.value)}, "data": ${payload.text()}${more}}`;
    if (attempt?.body !== body) attempt = { body, key: randomKey() };
    submit.disabled = true;
    answer.replaceChildren();
    try {
      const accepted = await post("/api/v1/reports/generate", { body, headers: { "Idempotency-Key": attempt.key } });
      drafts.delete(type.value);
      say("The report is accepted.");
      go(`#/job/${encodeURIComponent(accepted.data.jobId)}`);
    } catch (error) {
      answer.replaceChildren(trouble(error, "The report was not accepted.", { at: placeOf }));
      answer.firstElementChild.focus();
    } finally {
      submit.disabled = false;
    }
  }

  /** A fault under /data is a place in the editor. */
  function placeOf(pointer) {
    return /^\/data(\/|$)/.test(pointer) ? payload.placeOf(pointer.slice("/data".length)) : null;
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
    choose(first.name);
  }

  return {
    title: "New report",
    body: [h("div", { class: "head" }, h("h1", { tabindex: -1 }, "New report")), form, schema],
    ask,
    show,
    once: true, // what is typed is not asked for again
  };
}

function numberField(id, label, least, most, hint) {
  const input = h("input", { id, type: "number", inputmode: "numeric", min: least, max: most, step: 1, "aria-describedby": `${id}-hint` });
  return { input, field: h("div", { class: "field" }, h("label", { for: id }, label), input, h("p", { class: "hint", id: `${id}-hint` }, hint)) };
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
