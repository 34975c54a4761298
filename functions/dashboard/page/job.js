// One job: where it stands, what it was asked, what came of it, and what can be done about it.

import { call, post, remove } from "./api.js";
import { askedPanel } from "./asked.js";
import { openDialog } from "./dialog.js";
import { copyable, fill, h, icon, say, set, write } from "./dom.js";
import { factsOf, resultOf, showFacts } from "./facts.js";
import { readJob } from "./model.js";
import { outlookLines } from "./outlook.js";
import { payloadOf } from "./payload.js";
import { receiptPanel } from "./receipt.js";
import { reader } from "./report.js";
import { STATES, STEPS, badge, bar, isMoving, mayRetry, move } from "./states.js";
import { timeline } from "./timeline.js";
import { trouble } from "./trouble.js";
import { titles } from "./types.js";

const DONE = { retry: "retried", cancel: "cancelled", promote: "promoted" };

export function job({ path, live }) {
  const id = path[1] ?? "";
  const url = `/api/jobs/${encodeURIComponent(id)}`;
  let stateBefore = null;
  let latest = null;

  const heading = h("h1", { tabindex: -1 }, "Job");
  const state = h("span", { class: "state" });
  const meter = bar("Progress");
  const percent = h("span", { class: "percent" });
  const steps = h("ol", { class: "steps" }, STEPS.map(({ title }) => h("li", {}, h("span", { class: "step-mark" }), title)));
  const facts = h("dl", { class: "facts" });
  const failure = h("section", { class: "panel failure", hidden: true });
  const result = h("dl", { class: "facts" });
  const report = reader(id);
  const payload = h("section", { class: "panel" });
  const refusal = h("div", {});
  const acts = Object.fromEntries([
    actButton("retry", "Retry", "primary"),
    actButton("promote", "Start now"),
    actButton("cancel", "Cancel job"),
  ]);
  const edit = h("a", { class: "button", "data-needs": "submit", href: `#/new?from=${encodeURIComponent(id)}` }, "Edit and retry");
  const erase = h("button", { type: "button", class: "button", hidden: true, "data-needs": "operate", on: { click: askToErase } }, "Delete…");
  const asked = askedPanel();
  const receipt = receiptPanel(url);
  const story = timeline();
  const outlook = outlookLines();
  const warnings = h("ul", { class: "warnings" });
  const done = h("section", { class: "panel", hidden: true }, h("div", { class: "panel-head" }, h("h2", {}, "Report"), report.buttons), result, warnings, report.trouble, report.frame);

  async function ask(signal) {
    const text = await call("GET", url, { signal });
    return { text, job: readJob(JSON.parse(text)), title: await titles() };
  }

  function show({ text, job, title }) {
    latest = job;
    write(heading, title(job.type));
    fill(state, job.state, () => badge(job.state));
    if (stateBefore !== null && stateBefore !== job.state) {
      say(`The job is now ${job.state}.`);
      set(refusal, "hidden", true);
    }
    stateBefore = job.state;
    move(meter, job.progress, job.state);
    write(percent, `${job.progress} %`);
    set(steps, "data-end", !isMoving(job.state) && job.state);
    showSteps(steps, job);
    showFacts(facts, factsOf(job));
    showFailure(failure, job);
    outlook.show(isMoving(job.state) ? job.outlook : null);
    story.show(job);
    acts.retry.hidden = !mayRetry(job.state);
    acts.promote.hidden = job.state !== "delayed";
    acts.cancel.hidden = !isMoving(job.state);
    write(edit, mayRetry(job.state) ? "Edit and retry" : "Edit as new");
    edit.hidden = job.data === null;
    const isEnded = !isMoving(job.state);
    erase.hidden = !isEnded || job.batch !== null; // a batch keeps what its jobs were asked
    receipt.show(isEnded, job);
    asked.show(job);
    done.hidden = job.state !== "completed";
    if (job.state === "completed") {
      showFacts(result, resultOf(job.result));
      showWarnings(warnings, job.result?.warnings ?? []);
      report.open(job.result?.format ?? "pdf");
    }
    fill(payload, job.data !== null, () => payloadOf(text, job));
    return isMoving(job.state);
  }

  function actButton(verb, name, kind = "") {
    const button = h("button", { type: "button", class: `button ${kind}`, hidden: true, "data-needs": "operate", on: { click: () => act(verb, button) } }, name);
    return [verb, button];
  }

  async function act(verb, button) {
    button.disabled = true;
    try {
      await post(`${url}/${verb}`);
      set(refusal, "hidden", true);
      live().now();
    } catch (error) {
      set(refusal, "hidden", false);
      refusal.replaceChildren(trouble(error, `This job could not be ${DONE[verb]}.`));
    } finally {
      button.disabled = false;
      // The button that had the focus goes when the state changes; the heading is where reading starts again.
      if (button.hidden || document.activeElement === document.body) heading.focus();
    }
  }

  function askToErase() {
    openDialog({
      title: "Delete for good",
      body: [
        h("p", {}, "The request with its payload, the receipt and the report are taken away, for good: nothing here can bring them back, and the job is in no list any more."),
        h("p", { class: "hint" }, "Its id and its Idempotency-Key stay used: whoever asks for it is told that it was deleted."),
      ],
      verb: "Delete for good",
      danger: true,
      async act() {
        const answer = await remove(url);
        say(answer?.message ?? "It is deleted.");
        live().now();
      },
    });
  }

  return {
    title: () => (latest ? `${STATES[latest.state]?.title ?? latest.state} · ${heading.textContent}` : "Job"),
    body: [
      h(
        "div",
        { class: "head" },
        h("div", {}, h("p", { class: "crumb" }, h("a", { href: "#/jobs" }, "Jobs"), " / ", copyable(id, "job id")), heading),
        h("div", { class: "actions" }, Object.values(acts), edit, erase),
      ),
      refusal,
      h("section", { class: "panel", "aria-label": "Progress" }, h("div", { class: "progress" }, state, meter, percent), steps, outlook.place, facts),
      failure,
      done,
      story.panel,
      asked.panel,
      payload,
      receipt.panel,
    ],
    ask,
    show,
    stop: report.close,
  };
}

function showSteps(list, job) {
  const isEnded = job.state === "failed" || job.state === "cancelled";
  STEPS.forEach((step, place) => {
    const isBehind = job.progress >= step.at;
    const isNext = !isBehind && job.progress >= STEPS[place - 1].at;
    const element = list.children[place];
    const mark = isBehind ? "done" : isNext && isEnded ? "stopped" : isNext && job.state === "active" ? "now" : "ahead";
    set(element, "data-step", mark);
    set(element, "aria-current", mark === "now" && "step");
    fill(element.firstElementChild, mark, () => {
      const said = { done: "done: ", stopped: "not reached: ", now: "in the making: ", ahead: "to come: " }[mark];
      return [mark === "done" && icon("done"), h("span", { class: "unseen" }, said)];
    });
  });
}

function showFailure(panel, job) {
  const isOver = job.state === "failed";
  // A cancelled job's reason is that it was cancelled: its state says so already.
  const isNews = job.state !== "completed" && job.reason !== "cancelled" && (job.reason || job.message);
  panel.hidden = !(isOver || isNews);
  set(panel, "data-over", isOver);
  fill(panel, `${job.state} ${job.reason} ${job.message}`, () => [
    h("h2", {}, icon("failed"), isOver ? "Why it failed" : "What went wrong in the last attempt"),
    job.reason && h("p", {}, h("code", { class: "reason" }, job.reason), job.signature && h("a", { class: "alike", href: `#/jobs?${new URLSearchParams({ state: "failed", signature: job.signature })}` }, "All that failed alike")),
    h("p", { class: "message" }, job.message ?? "No message was left."),
  ]);
}

function showWarnings(list, warnings) {
  fill(list, JSON.stringify(warnings), () =>
    warnings.map(({ code, page, message }) => h("li", { class: "notice warn" }, h("p", {}, icon("warn"), page !== null && h("strong", {}, `Page ${page}: `), message, code && h("code", { class: "hint" }, ` ${code}`)))),
  );
}
