// Pausing and resuming: of all reports, or of one type. It takes the scope "admin", because it concerns every tenant.

import { post } from "./api.js";
import { openDialog } from "./dialog.js";
import { each, h, icon, say, write } from "./dom.js";
import { ago, tell } from "./time.js";

const ALL = "*";
const body = (what) => (what === ALL ? "{}" : JSON.stringify({ reportType: what }));

/** Asks what to pause, of these types ([{name, title}]), and pauses it. */
export function askToPause({ types, done }) {
  const what = h(
    "select",
    { id: "pause-what" },
    h("option", { value: ALL }, "The whole queue"),
    types.map(({ name, title }) => h("option", { value: name }, title)),
  );
  openDialog({
    title: "Pause",
    body: [
      h("div", { class: "field" }, h("label", { for: "pause-what" }, "What"), what),
      h("p", { class: "hint" }, "Jobs are still accepted, and wait. What a worker has is finished. This concerns every tenant."),
    ],
    verb: "Pause",
    danger: true,
    async act() {
      await post("/api/queue/pause", { body: body(what.value) });
      say("It is paused.");
      done();
    },
  });
}

/** Lines that say what is paused since when; `show(paused, title)` brings them up to date. */
export function pausedLines({ done }) {
  const list = h("ul", { class: "paused", hidden: true });

  function make({ what }) {
    const resume = h("button", { type: "button", class: "button small", "data-needs": "admin" }, "Resume");
    resume.addEventListener("click", async () => {
      resume.disabled = true;
      try {
        await post("/api/queue/resume", { body: body(what) });
        say("It goes on.");
      } finally {
        resume.disabled = false;
        done();
      }
    });
    return h("li", { class: "notice warn" }, h("span", { class: "notice-head" }, icon("pause"), h("strong", {}), ago()), resume);
  }

  function show(paused, title) {
    list.hidden = paused.length === 0;
    each(list, paused, {
      key: ({ what }) => what,
      make,
      update(line, { what, since }) {
        write(line.querySelector("strong"), what === ALL ? "The queue is paused" : `Paused: ${title(what)}`);
        tell(line.querySelector("time"), since);
      },
    });
  }

  return { list, show };
}
