// What can be done with webhooks: make one, try it, rotate its secret, enable it, delete it. A secret is shown once, here.

import { post, remove } from "./api.js";
import { openDialog } from "./dialog.js";
import { copyable, h, say, write } from "./dom.js";
import { placeIn } from "./draft.js";
import { moment, stamp } from "./format.js";
import { press } from "./press.js";
import { trouble } from "./trouble.js";

/** What a webhook can be told of. */
const EVENTS = { "job.completed": "a report is completed", "job.failed": "a report failed", "job.cancelled": "a report was cancelled", "job.expired": "a report expired", "batch.ended": "a batch has ended" };
export const CALLBACK = "callback"; // the id of what the callbacks of single jobs are signed by

export const hookUrl = (id) => `/api/v1/webhooks/${encodeURIComponent(id)}`;

/** Asks for an address and makes a webhook; `made(id)` follows, once its secret was seen. */
export function askToMake({ made }) {
  const url = field("hook-url", "Address", { type: "url", placeholder: "https://example.com/hooks", required: true }, "Where messages are posted to");
  const about = field("hook-about", "Description", {}, "What you call it");
  const events = Object.entries(EVENTS).map(([name, words]) => ({ name, box: h("input", { type: "checkbox", id: `hook-${name}`, checked: true }), words }));
  for (const { box } of events) box.checked = true;
  openDialog({
    title: "New webhook",
    body: [
      url.element,
      about.element,
      h("fieldset", { class: "group-of-fields" }, h("legend", {}, "It is told when"), events.map(({ name, box, words }) => h("label", { class: "check-line", for: `hook-${name}` }, box, words))),
    ],
    verb: "Make it",
    async act() {
      const chosen = events.filter(({ box }) => box.checked).map(({ name }) => name);
      if (chosen.length === 0) throw new Error("Choose what it is told of: nothing is chosen.");
      const body = { url: url.control.value.trim(), ...(about.control.value.trim() && { description: about.control.value.trim() }), ...(chosen.length < events.length && { events: chosen }) };
      const answer = await blamed(() => post("/api/v1/webhooks", { body: JSON.stringify(body) }), { "/url": url, "/description": about });
      const { webhookId, secret } = answer.data;
      // After this dialog has closed: one at a time.
      setTimeout(() => showSecret({ secret, closed: () => made(webhookId) }));
    },
  });
}

function field(id, label, attributes, hint) {
  const control = h("input", { id, type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-hint ${id}-note`, ...attributes });
  const note = h("p", { class: "fault-note", id: `${id}-note`, hidden: true });
  return { control, note, element: h("div", { class: "field" }, h("label", { for: id }, label), control, h("p", { class: "hint", id: `${id}-hint` }, hint), note) };
}

/** Does it, and where the API finds a field wrong, says so there, too. */
async function blamed(act, fields) {
  for (const { control, note } of Object.values(fields)) {
    control.removeAttribute("aria-invalid");
    note.hidden = true;
  }
  try {
    return await act();
  } catch (error) {
    for (const { pointer, detail } of error.faults ?? []) {
      if (!Object.hasOwn(fields, pointer)) continue;
      const { control, note } = fields[pointer];
      control.setAttribute("aria-invalid", "true");
      note.textContent = detail;
      note.hidden = false;
    }
    throw error;
  }
}

/** Shows a secret, this once. `until`: when the one before it stops to sign. */
export function showSecret({ secret, until = null, closed = () => {} }) {
  openDialog({
    title: "The secret, shown this once",
    body: [
      h("p", {}, "The receiver checks signatures with it. Keep it where secrets are kept: it is not told again."),
      h("p", { class: "secret" }, copyable(secret, "secret")),
      until !== null && h("p", { class: "hint" }, `The one before it signs, too, until ${stamp(until)}.`),
    ].filter(Boolean),
    closed,
  });
}

/** Buttons of a webhook. `done(answer)` and `failed(error)` are told what came of it; `gone()` follows its end. */
export function hookActs(id, { done, failed, gone }) {
  const button = (name, click) => h("button", { type: "button", class: "button small", on: { click } }, name);
  const ping = button("Send a ping", () => act(ping, () => post(`${hookUrl(id)}/test`)));
  const enable = button("Enable", () => act(enable, () => post(`${hookUrl(id)}/enable`)));
  const rotate = button("Rotate secret…", () =>
    openDialog({
      title: `${rotate.textContent.split(" ")[0]} the secret`,
      body: [h("p", {}, id === CALLBACK ? "There is a new secret for the callbacks of jobs, and it is shown once. One that was there before signs beside it for a day." : "There is a new secret, and it is shown once. The one before it signs beside it for a day, so that the receiver has time to change.")],
      verb: `${rotate.textContent.split(" ")[0]} it`,
      async act() {
        const { data } = await post(`${hookUrl(id)}/rotate`);
        setTimeout(() => showSecret({ secret: data.secret, until: moment(data.beforeUntil), closed: () => done(null) }));
      },
    }),
  );
  const end = button("Delete…", () =>
    openDialog({
      title: "Delete the webhook",
      body: [h("p", {}, "It is forgotten, with its secrets. What it was to be told of and is not, it is not told.")],
      verb: "Delete it",
      danger: true,
      async act() {
        await remove(hookUrl(id));
        say("The webhook is deleted.");
        gone();
      },
    }),
  );

  const act = (pressed, ask) => press(pressed, ask, { done, failed });

  /** Shows what fits it. */
  function show(hook) {
    ping.hidden = hook.url === null || !hook.isEnabled; // callbacks have no address of their own
    enable.hidden = hook.isEnabled;
    end.hidden = hook.isMissing === true;
    write(rotate, hook.isMissing ? "Make secret…" : "Rotate secret…");
  }

  return { element: h("div", { class: "actions", "data-needs": "operate" }, ping, enable, rotate, end), show };
}

/** What a try came to, as a notice. */
export function tried(answer, delivery) {
  const last = delivery.tries.at(-1);
  if (answer.success) return h("p", { class: "notice good" }, `${answer.message}${last?.status ? ` It answered ${last.status}.` : ""}`);
  return trouble({ title: answer.message, detail: [last?.status && `it answered ${last.status}`, last?.reason].filter(Boolean).join(", ") }, "It was not delivered.");
}
