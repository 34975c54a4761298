// The shell: takes the key in, reads the view from the URL, keeps it alive, and says so when the API falls silent.
//
//     #/?minutes=360   #/jobs?state=failed&tag=may   #/job/<id>   #/failures   #/batches   #/batch/<id>
//     #/new-batch   #/schedules   #/schedule/<id>   #/webhooks   #/webhook/<id>   #/usage?since=2026-11-01   #/workers
//     #/new?type=sales   and once: #key=rq_…

import { learn, may, unlearn } from "./access.js";
import { keep, key, keyName } from "./api.js";
import { batch } from "./batch.js";
import { batches } from "./batches.js";
import { door } from "./door.js";
import { h, write } from "./dom.js";
import { failures } from "./failures.js";
import { clock } from "./format.js";
import { job } from "./job.js";
import { jobs } from "./jobs.js";
import { live } from "./live.js";
import { newBatch } from "./newbatch.js";
import { newReport } from "./new.js";
import { overview } from "./overview.js";
import { schedule } from "./schedule.js";
import { schedules } from "./schedules.js";
import { listen, showShortcuts } from "./shortcuts.js";
import { themeButton } from "./theme.js";
import { trouble } from "./trouble.js";
import { usage } from "./usage.js";
import { webhook } from "./webhook.js";
import { webhooks } from "./webhooks.js";
import { workers } from "./workers.js";

const VIEWS = { "": overview, jobs, job, failures, batches, batch, schedules, schedule, webhooks, webhook, usage, workers, new: newReport, "new-batch": newBatch };
const NAV = { "": "overview", job: "jobs", batch: "batches", schedule: "schedules", webhook: "webhooks", "new-batch": "new" }; // where it is not the view's own name

const main = document.getElementById("main");
const stale = document.getElementById("stale");
let current = null; // {view, asking}

function open() {
  takeKey();
  const [address, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const path = address.split("/").map(decode);
  close();
  showKey();
  if (key() === null) return enter("");
  const make = Object.hasOwn(VIEWS, path[0]) ? VIEWS[path[0]] : nowhere;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.view === (NAV[path[0]] ?? path[0])) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const view = make({ path, query: new URLSearchParams(search), go: (hash) => (location.hash = hash), live: () => current.asking });
  present(view);
  if (!view.ask) return;
  main.dataset.asked = "waiting";
  current.asking = live({
    ask: async (signal) => (await Promise.all([view.ask(signal), learn()]))[0],
    show(answer) {
      if (view.needs && !may(view.needs)) {
        current.asking.stop();
        return forbid(view.needs);
      }
      main.dataset.asked = "answered";
      const moves = view.show(answer);
      name(view);
      if (view.once) current.asking.stop();
      return moves;
    },
    refused: (problem) => (problem.refusesKey ? refuse() : problem.status === 410 ? bury(problem) : main.replaceChildren(h("h1", { tabindex: -1 }, "This cannot be shown"), trouble(problem, "The API refused."))),
    silence,
    rest: view.rest,
  });
}

function close() {
  current?.asking?.stop();
  current?.view.stop?.();
  current = null;
  silence(false);
}

function present(view) {
  current = { view, asking: null };
  delete main.dataset.asked;
  main.replaceChildren(...view.body);
  name(view);
  const focus = view.focus ?? main.querySelector("h1");
  focus.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

/** What the key may not do is not offered; who comes by a link is told. */
function forbid(scope) {
  main.dataset.asked = "answered";
  main.replaceChildren(h("h1", { tabindex: -1 }, "Not with this key"), h("p", { class: "notice warn" }, `This needs a key with the scope "${scope}".`));
  return false;
}

/** What somebody deleted is no fault of the reader's. */
function bury(problem) {
  main.dataset.asked = "answered";
  main.replaceChildren(h("h1", { tabindex: -1 }, "Deleted for good"), h("p", { class: "notice" }, problem.detail || problem.title), h("p", {}, h("a", { href: "#/jobs" }, "Go to the jobs"), " or ", h("a", { href: "#/new" }, "make a new report"), "."));
  name({ title: "Deleted" });
  main.querySelector("h1").focus();
}

function name({ title }) {
  document.title = `${typeof title === "function" ? title() : title} · Report queue`;
}

function nowhere() {
  return {
    title: "Nothing here",
    body: [h("h1", { tabindex: -1 }, "Nothing here"), h("p", {}, "This page has no such view. ", h("a", { href: "#/" }, "Go to the overview"), ".")],
  };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A key in the URL is taken once and leaves the URL, and the history, at once. */
function takeKey() {
  const match = /^#key=(.+)$/.exec(location.hash);
  if (match === null) return;
  keep(decode(match[1]));
  history.replaceState(null, "", "#/");
}

function showKey() {
  const held = key();
  for (const id of ["nav", "find", "help", "key"]) document.getElementById(id).hidden = held === null;
  write(document.getElementById("key-id"), held === null ? "" : keyName(held));
}

function enter(why) {
  present(door({ why, entered: open }));
}

function refuse() {
  keep(null);
  unlearn();
  close();
  showKey();
  enter("The API does not know the key that this tab had. Enter another.");
}

/** `since`: ms of the last answer, null if there was none, false once answers are back. */
function silence(since, error) {
  if (since === false) {
    write(stale, "");
    delete document.body.dataset.stale;
    return;
  }
  document.body.dataset.stale = "true";
  const said = error?.detail || error?.title;
  const when = since === null ? "No answer from the API yet." : `No answer since ${clock(since)}: what you see may have changed.`;
  write(stale, `${when} ${said ? `It says: ${said} ` : ""}Trying again by itself.`);
}

document.getElementById("forget").addEventListener("click", () => {
  keep(null);
  history.replaceState(null, "", "#/");
  location.reload(); // drafts and all
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the view's
  main.focus();
});
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("find-id");
  const id = field.value.trim();
  if (id === "") return;
  field.value = "";
  location.hash = `#/job/${encodeURIComponent(id)}`;
});
document.getElementById("help").addEventListener("click", showShortcuts);
document.getElementById("help").after(themeButton());
listen({ refresh: () => current?.asking?.now() });
window.addEventListener("hashchange", open);
open();
