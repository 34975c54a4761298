// The webhooks: where each leads, what it is told of, and whether it is.

import { get } from "./api.js";
import { each, fill, h, icon, write } from "./dom.js";
import { CALLBACK, askToMake, hookActs, tried } from "./hooks.js";
import { readDelivery, readHooks } from "./model.js";
import { ago, tell } from "./time.js";
import { trouble } from "./trouble.js";

export function webhooks({ live, go }) {
  const answer = h("div", {});
  const list = h("ul", { class: "lines" });
  const empty = h("p", { class: "empty", hidden: true }, "No webhook yet: nobody is told of what ends.");
  const made = (id) => go(`#/webhook/${encodeURIComponent(id)}`);
  const callback = hookActs(CALLBACK, { done: () => live().now(), failed: () => {}, gone: () => {} });
  const callbackPanel = h(
    "section",
    { class: "panel", "data-needs": "operate", hidden: true },
    h("h2", {}, "Callbacks of single jobs"),
    h("p", {}, "A job's option ", h("code", {}, "callback"), " names an address that is told of its end. A secret signs such messages; it is made once, before the first of them."),
    callback.element,
  );

  function show(hooks) {
    empty.hidden = hooks.length > 0;
    each(list, hooks, { key: (one) => one.id, make, update });
    callbackPanel.hidden = hooks.some(({ id }) => id === CALLBACK);
    callback.show({ url: null, isEnabled: true, isMissing: true });
    return false;
  }

  function make(one) {
    const acts = hookActs(one.id, {
      done(said) {
        answer.replaceChildren(...(said?.data?.delivery ? [tried(said, readDelivery(said.data.delivery))] : []));
        live().now();
      },
      failed: (error) => answer.replaceChildren(trouble(error, "The webhook did not take that.")),
      gone: () => live().now(),
    });
    const line = h(
      "li",
      { class: "line hook" },
      h("div", { class: "line-what" }, h("a", { class: "name", href: `#/webhook/${encodeURIComponent(one.id)}` }), h("span", { class: "hint about" }), h("span", { class: "fault" })),
      h("span", { class: "state" }),
      h("span", { class: "next" }, h("span", { class: "hint" }, "made "), ago()),
      acts.element,
    );
    line.acts = acts;
    return line;
  }

  return {
    title: "Webhooks",
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, "Webhooks"), h("button", { type: "button", class: "button", "data-needs": "operate", on: { click: () => askToMake({ made }) } }, icon("add"), "New webhook…")),
      answer,
      h("section", { class: "panel", "aria-label": "Webhooks" }, list, empty),
      callbackPanel,
    ],
    ask: (signal) => get("/api/v1/webhooks", { signal }).then(readHooks),
    show,
  };
}

function update(line, one) {
  write(line.querySelector(".name"), nameOf(one));
  write(line.querySelector(".about"), [one.description && one.url, one.id === CALLBACK ? "addresses that single jobs name" : one.events.join(", ")].filter(Boolean).join(": "));
  write(line.querySelector(".fault"), one.reason ?? (one.failingSince ? "It fails at present." : ""));
  fill(line.querySelector(".state"), `${one.isEnabled}`, () => hookBadge(one));
  tell(line.querySelector("time"), one.madeAt);
  line.acts.show(one);
}

/** What a webhook is called. */
export const nameOf = (one) => one.description ?? one.url ?? (one.id === CALLBACK ? "Callbacks of single jobs" : one.id);

/** Whether it is told, as a drawing and a word. */
export function hookBadge({ isEnabled }) {
  return h("span", { class: "badge", "data-state": isEnabled ? "completed" : "cancelled" }, icon(isEnabled ? "completed" : "cancelled"), isEnabled ? "Enabled" : "Disabled");
}
