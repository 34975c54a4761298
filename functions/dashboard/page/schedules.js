// The schedules: when each runs, when next, and what can be done with it.

import { get } from "./api.js";
import { SCHEDULE_STATES, scheduleActs } from "./acts.js";
import { each, fill, h, icon, set, write } from "./dom.js";
import { readSchedules } from "./model.js";
import { recurrence } from "./recurrence.js";
import { ago, tell } from "./time.js";
import { trouble } from "./trouble.js";
import { titles } from "./types.js";

export function schedules({ query, live }) {
  const after = query.get("after");
  const answer = h("div", {});
  const list = h("ul", { class: "lines" });
  const empty = h("p", { class: "empty", hidden: true }, "No schedule yet. ", h("a", { href: "#/new?again=1", "data-needs": "submit" }, "Make one of a report"), ".");
  const on = h("a", { class: "button", rel: "next" }, "More", icon("right"));
  const pager = h("nav", { class: "pager", "aria-label": "Pages", hidden: true }, h("a", { class: "button", href: "#/schedules" }, "First"), on);

  function show({ page, title }) {
    empty.hidden = page.schedules.length > 0;
    each(list, page.schedules, { key: (one) => one.id, make, update: (line, one) => update(line, one, title) });
    pager.hidden = !after && !page.after;
    set(on, "href", page.after && `#/schedules?${new URLSearchParams({ after: page.after })}`);
    set(on, "aria-disabled", page.after ? null : "true");
    return false;
  }

  function make(one) {
    const acts = scheduleActs(one.id, {
      done: () => (answer.replaceChildren(), live().now()),
      failed: (error) => answer.replaceChildren(trouble(error, "The schedule did not take that.")),
      ended: () => live().now(),
    });
    const line = h(
      "li",
      { class: "line" },
      h("div", { class: "line-what" }, h("a", { class: "name", href: `#/schedule/${encodeURIComponent(one.id)}` }), h("span", { class: "hint about" }), h("span", { class: "fault" })),
      h("span", { class: "state" }),
      h("span", { class: "next" }, h("span", { class: "hint" }, "next "), ago()),
      acts.element,
    );
    line.acts = acts;
    return line;
  }

  return {
    title: "Schedules",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Schedules"), h("a", { class: "button", href: "#/new?again=1", "data-needs": "submit" }, icon("add"), "New schedule")),
      answer,
      h("section", { class: "panel", "aria-label": "Schedules" }, list, empty, pager),
    ],
    async ask(signal) {
      const search = new URLSearchParams({ limit: 50, ...(after && { after }) });
      const [page, title] = await Promise.all([get(`/api/v1/schedules?${search}`, { signal }).then(readSchedules), titles()]);
      return { page, title };
    },
    show,
  };
}

function update(line, one, title) {
  write(line.querySelector(".name"), one.name ?? title(one.type));
  write(line.querySelector(".about"), `${title(one.type)}, ${recurrence(one)}${one.cron ? `, ${one.timeZone}` : ""}`);
  write(line.querySelector(".fault"), one.fault ?? "");
  fill(line.querySelector(".state"), one.state, () => scheduleBadge(one.state));
  line.querySelector(".next").hidden = one.state !== "running" || one.nextRuns.length === 0;
  tell(line.querySelector(".next time"), one.nextRuns[0] ?? null);
  line.acts.show(one.state);
}

/** A schedule's state as a drawing and a word. */
export function scheduleBadge(state) {
  const [drawing, word] = Object.hasOwn(SCHEDULE_STATES, state) ? SCHEDULE_STATES[state] : [null, state];
  return h("span", { class: "badge", "data-state": { running: "completed", paused: "delayed" }[state] ?? "cancelled" }, drawing && icon(drawing), word);
}
