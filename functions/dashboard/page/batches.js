// Batches: one by its id, and those that the newest jobs belong to. The API keeps no list of batches; their jobs name them.

import { get } from "./api.js";
import { each, h, write } from "./dom.js";
import { many } from "./format.js";
import { readBatch, readJobs } from "./model.js";
import { bar } from "./states.js";
import { ago, tell } from "./time.js";

const LOOKED_AT = ["waiting", "active", "completed", "failed"];
const NEWEST = 100; // jobs of each state
const SHOWN = 10; // batches

export function batches({ go }) {
  const ended = new Map(); // what does not change is asked for once
  const field = h("input", { id: "batch-id", autocomplete: "off", spellcheck: "false", required: true });
  const list = h("ul", { class: "lines" });
  const empty = h("p", { class: "empty", hidden: true }, "None of the newest jobs belongs to a batch.");

  async function ask(signal) {
    const pages = await Promise.all(LOOKED_AT.map((state) => get(`/api/jobs?state=${state}&limit=${NEWEST}`, { signal }).then(readJobs)));
    const newest = new Map();
    for (const { batch, acceptedAt } of pages.flatMap(({ jobs }) => jobs)) if (batch) newest.set(batch, Math.max(newest.get(batch) ?? 0, acceptedAt ?? 0));
    const ids = [...newest].sort(([, a], [, b]) => b - a).slice(0, SHOWN).map(([id]) => id);
    return Promise.all(ids.map(async (id) => ended.get(id) ?? readBatch(await get(`/api/v1/batches/${encodeURIComponent(id)}`, { signal }))));
  }

  function show(found) {
    for (const one of found) if (!one.isRunning) ended.set(one.id, one);
    empty.hidden = found.length > 0;
    each(list, found, { key: (one) => one.id, make, update });
    return found.some((one) => one.isRunning);
  }

  function open(event) {
    event.preventDefault();
    if (field.value.trim()) go(`#/batch/${encodeURIComponent(field.value.trim())}`);
  }

  return {
    title: "Batches",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Batches")),
      h("section", { class: "panel" }, h("form", { class: "by-id", on: { submit: open } }, h("div", { class: "field" }, h("label", { for: "batch-id" }, "Batch id"), field), h("button", { type: "submit", class: "button" }, "Open"))),
      h("section", { class: "panel" }, h("h2", {}, "Of the newest jobs"), list, empty),
    ],
    ask,
    show,
  };
}

function make(one) {
  return h(
    "li",
    { class: "line batch" },
    h("div", { class: "line-what" }, h("a", { class: "name", href: `#/batch/${encodeURIComponent(one.id)}` }), h("span", { class: "hint about" })),
    h("span", { class: "with-bar" }, bar(`Progress of ${one.id}`), h("span", { class: "number" })),
    ago(),
  );
}

function update(line, one) {
  write(line.querySelector(".name"), one.name ?? one.id);
  write(line.querySelector(".about"), `${many(one.jobs, "report")}${one.failed.length ? `, ${one.failed.length} failed` : ""}`);
  const meter = line.querySelector(".meter");
  meter.setAttribute("aria-valuenow", one.progress);
  meter.dataset.state = one.isRunning ? "active" : one.failed.length ? "failed" : "completed";
  meter.firstElementChild.style.setProperty("width", `${one.progress}%`);
  write(line.querySelector(".number"), `${one.progress} %`);
  tell(line.querySelector("time"), one.acceptedAt);
}
