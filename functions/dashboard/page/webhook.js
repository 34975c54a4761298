// One webhook: what it is told of, and what became of the newest messages to it.

import { get, post } from "./api.js";
import { copyable, each, fill, h, icon, write } from "./dom.js";
import { showFacts } from "./facts.js";
import { duration } from "./format.js";
import { hookActs, hookUrl, tried } from "./hooks.js";
import { readDelivery, readHook } from "./model.js";
import { press } from "./press.js";
import { ago, tell } from "./time.js";
import { trouble } from "./trouble.js";
import { hookBadge, nameOf } from "./webhooks.js";

const OUTCOMES = { waiting: ["delayed", "Waiting"], delivered: ["completed", "Delivered"], failed: ["failed", "Given up"] };

export function webhook({ path, live, go }) {
  const id = path[1] ?? "";
  const answer = h("div", {});
  const heading = h("h1", { tabindex: -1 }, "Webhook");
  const state = h("span", { class: "state" });
  const facts = h("dl", { class: "facts wide" });
  const list = h("ol", { class: "lines" });
  const empty = h("p", { class: "empty", hidden: true }, "Nothing was sent yet.");
  const acts = hookActs(id, { done, failed: (error) => answer.replaceChildren(trouble(error, "The webhook did not take that.")), gone: () => go("#/webhooks") });

  function done(said) {
    answer.replaceChildren(...(said?.data?.delivery ? [tried(said, readDelivery(said.data.delivery))] : []));
    live().now();
  }

  const redeliver = (delivery, pressed) => press(pressed, () => post(`${hookUrl(id)}/deliveries/${encodeURIComponent(delivery.id)}/redeliver`), { done, failed: (error) => answer.replaceChildren(trouble(error, "It was not sent again.")) });

  function show(found) {
    write(heading, nameOf(found));
    fill(state, String(found.isEnabled), () => hookBadge(found));
    acts.show(found);
    showFacts(facts, [
      ["Address", found.url],
      ["Told of", found.url === null ? "jobs that name an address" : found.events.join(", ")],
      ["Made", found.madeAt, ago],
      ["Fails since", found.failingSince, ago],
      ["Disabled, because", found.reason],
    ]);
    empty.hidden = found.deliveries.length > 0;
    each(list, found.deliveries, { key: (one) => one.id, make: (one) => makeDelivery(one, redeliver), update: updateDelivery });
    return found.deliveries.some((one) => one.state === "waiting" && one.tries.length === 0);
  }

  return {
    title: () => heading.textContent,
    body: [
      h("div", { class: "head" }, h("div", {}, h("p", { class: "crumb" }, h("a", { href: "#/webhooks" }, "Webhooks"), " / ", copyable(id, "webhook id")), heading), acts.element),
      answer,
      h("section", { class: "panel", "aria-label": "Facts" }, state, facts),
      h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, "Deliveries"), h("p", { class: "hint" }, "the newest 20")), list, empty),
    ],
    ask: (signal) => get(hookUrl(id), { signal }).then(readHook),
    show,
    rest: 15_000, // each delivery is an object of the store
  };
}

function makeDelivery(one, redeliver) {
  const again = h("button", { type: "button", class: "button small", "data-needs": "operate" }, "Send again", h("span", { class: "unseen" }, ` ${one.event}`));
  again.addEventListener("click", () => redeliver(one, again));
  return h(
    "li",
    { class: "line delivery" },
    h("div", { class: "line-what" }, h("span", { class: "name" }, one.event), h("code", { class: "id" }, one.id), h("span", { class: "hint to" }), h("ol", { class: "tries" })),
    h("span", { class: "state" }),
    h("span", { class: "next" }, ago(), h("span", { class: "hint due" })),
    h("div", { class: "actions" }, again),
  );
}

function updateDelivery(line, one) {
  const [drawing, word] = Object.hasOwn(OUTCOMES, one.state) ? OUTCOMES[one.state] : [null, one.state];
  fill(line.querySelector(".state"), one.state, () => h("span", { class: "badge", "data-state": drawing ?? "unknown" }, drawing && icon(drawing), word));
  write(line.querySelector(".to"), one.url ?? "");
  tell(line.querySelector("time"), one.at);
  fill(line.querySelector(".due"), `${one.state} ${one.dueAt}`, () => {
    if (one.state !== "waiting" || one.dueAt === null) return [];
    const time = ago();
    tell(time, one.dueAt);
    return [h("span", {}, ", again ", time)];
  });
  fill(line.querySelector(".tries"), JSON.stringify(one.tries), () => one.tries.map(makeTry));
}

function makeTry({ at, seconds, status, reason }) {
  const time = ago();
  tell(time, at);
  return h("li", { class: "hint" }, time, ": ", h("span", { class: reason ? "fault" : "" }, [status !== null && `answered ${status}`, reason].filter(Boolean).join(", ")), seconds !== null && `, ${duration(seconds)}`);
}
