// The batches, the newest first: how far each is, and what became of its reports. One is found by its id, too.

import { get } from "./api.js";
import { each, fill, h, icon, set, write } from "./dom.js";
import { count, many } from "./format.js";
import { readBatches } from "./model.js";
import { STATES, badge, isMoving } from "./states.js";
import { ago, tell } from "./time.js";

const LIMIT = 20;

export function batches({ query, go }) {
  const after = query.get("after");
  const field = h("input", { id: "batch-id", type: "search", autocomplete: "off", spellcheck: "false", required: true });
  const list = h("ul", { class: "lines" });
  const empty = h("p", { class: "empty", hidden: true }, "No batch yet. ", h("a", { href: "#/new-batch", "data-needs": "submit" }, "Make one"), ".");
  const on = h("a", { class: "button", rel: "next" }, "Older", icon("right"));
  const pager = h("nav", { class: "pager", "aria-label": "Pages", hidden: true }, h("a", { class: "button", href: "#/batches" }, "Newest"), on);

  function show(page) {
    empty.hidden = page.batches.length > 0;
    each(list, page.batches, { key: (one) => one.id, make, update });
    pager.hidden = !after && !page.next;
    set(on, "href", page.next && `#/batches?${new URLSearchParams({ after: page.next })}`);
    set(on, "aria-disabled", page.next ? null : "true");
    return page.batches.some(movesIn);
  }

  function open(event) {
    event.preventDefault();
    if (field.value.trim()) go(`#/batch/${encodeURIComponent(field.value.trim())}`);
  }

  return {
    title: "Batches",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Batches"), h("a", { class: "button", href: "#/new-batch", "data-needs": "submit" }, icon("add"), "New batch")),
      h("section", { class: "panel", "aria-label": "Batches" }, list, empty, pager),
      h("section", { class: "panel" }, h("form", { class: "by-id", role: "search", "aria-label": "Batches", on: { submit: open } }, h("div", { class: "field" }, h("label", { for: "batch-id" }, "Batch id"), field), h("button", { type: "submit", class: "button" }, "Open"))),
    ],
    ask: (signal) => get(`/api/v1/batches?${new URLSearchParams({ limit: LIMIT, ...(after && { after }) })}`, { signal }).then(readBatches),
    show,
  };
}

const movesIn = (one) => Object.entries(one.counts).some(([state, number]) => isMoving(state) && number > 0);

function make(one) {
  return h(
    "li",
    { class: "line batch" },
    h("div", { class: "line-what" }, h("a", { class: "name", href: `#/batch/${encodeURIComponent(one.id)}` }), h("code", { class: "id" }, one.id)),
    h("ul", { class: "counts", "aria-label": "Its reports by state" }),
    h("span", { class: "number" }),
    ago(),
  );
}

function update(line, one) {
  write(line.querySelector(".name"), one.name ?? "Batch without a name");
  const there = Object.keys(STATES).filter((state) => one.counts[state]);
  fill(line.querySelector(".counts"), JSON.stringify([one.isCounted, one.counts]), () =>
    one.isCounted ? there.map((state) => h("li", {}, badge(state), h("span", { class: "number" }, count(one.counts[state])))) : [h("li", { class: "hint" }, "The batch itself says how far it is")],
  );
  write(line.querySelector(":scope > .number"), many(one.jobs, "report"));
  tell(line.querySelector("time"), one.acceptedAt);
}
