// One batch: how far it is, which of its reports failed and why, and its result.

import { get, post } from "./api.js";
import { copyable, each, fill, h, icon, write } from "./dom.js";
import { showFacts } from "./facts.js";
import { count, many } from "./format.js";
import { readBatch } from "./model.js";
import { press } from "./press.js";
import { checked } from "./report.js";
import { STATES, badge, bar, isMoving } from "./states.js";
import { ago } from "./time.js";
import { trouble } from "./trouble.js";

const SHOWN = 200; // members; the rest is a click away, in the list of jobs

export function batch({ path, live }) {
  const id = path[1] ?? "";
  const url = `/api/v1/batches/${encodeURIComponent(id)}`;
  const answer = h("div", {});
  const heading = h("h1", { tabindex: -1 }, "Batch");
  const meter = bar("Progress of the batch");
  const percent = h("span", { class: "percent" });
  const counts = h("ul", { class: "tabs" });
  const facts = h("dl", { class: "facts" });
  const failed = h("ul", { class: "lines" });
  const failedPanel = h("section", { class: "panel failure", "data-over": "true", hidden: true }, h("h2", {}, icon("failed"), "What failed"), failed);
  const members = h("ol", { class: "members" });
  const rest = h("p", { class: "hint" });
  const button = (name, needs, click, kind = "") => h("button", { type: "button", class: `button ${kind}`, hidden: true, "data-needs": needs, on: { click } }, name);
  const download = button([icon("download"), "Download"], "read", fetchResult, "primary");
  const retry = button("Retry the failed", "operate", () => act("retry", retry));
  const cancel = button("Cancel the rest", "operate", () => act("cancel", cancel));

  function show(found) {
    write(heading, found.name ?? "Batch");
    meter.setAttribute("aria-valuenow", found.progress);
    meter.setAttribute("aria-valuetext", `${found.progress} %`);
    meter.dataset.state = found.isRunning ? "active" : found.failed.length ? "failed" : "completed";
    meter.firstElementChild.style.setProperty("width", `${found.progress}%`);
    write(percent, `${found.progress} %`);
    const there = Object.keys(STATES).filter((state) => found.counts[state]);
    each(counts, there, { key: (state) => state, make: (state) => makeCount(state, id), update: (tab, state) => write(tab.querySelector(".tab-count"), count(found.counts[state])) });
    showFacts(facts, [
      ["Reports", count(found.jobs)],
      ["State", found.isRunning ? "Running" : "Ended"],
      ["Accepted", found.acceptedAt, ago],
      ["Result", found.kind],
      ["Put together", found.assembly && `${found.assembly.state}${found.assembly.message ? `: ${found.assembly.message}` : ""}`],
    ]);
    download.hidden = !found.hasResult;
    retry.hidden = !(found.counts.failed || found.counts.cancelled);
    cancel.hidden = !Object.entries(found.counts).some(([state, number]) => isMoving(state) && number > 0);
    failedPanel.hidden = found.failed.length === 0;
    each(failed, found.failed, { key: (one) => one.id, make: makeFailed, update: () => {} });
    const shown = found.members.slice(0, SHOWN);
    each(members, shown, { key: (one) => one.id, make: makeMember, update: (line, one) => fill(line.lastElementChild, one.state, () => badge(one.state)) });
    write(rest, found.members.length > shown.length ? `and ${many(found.members.length - shown.length, "more report")}: see the list of jobs above.` : "");
    return found.isRunning || Boolean(found.assembly && isMoving(found.assembly.state));
  }

  async function fetchResult() {
    try {
      location.assign(checked((await get(`${url}/download`)).url));
      answer.replaceChildren();
    } catch (error) {
      answer.replaceChildren(trouble(error, "The result could not be fetched."));
    }
  }

  const act = (verb, pressed) => press(pressed, () => post(`${url}/${verb}`), { done, failed: (error) => answer.replaceChildren(trouble(error, "The batch did not take that.")) });

  function done({ message }) {
    answer.replaceChildren(h("p", { class: "notice good" }, message));
    live().now();
  }

  return {
    title: () => heading.textContent,
    body: [
      h("div", { class: "head" }, h("div", {}, h("p", { class: "crumb" }, h("a", { href: "#/batches" }, "Batches"), " / ", copyable(id, "batch id")), heading), h("div", { class: "actions" }, download, retry, cancel)),
      answer,
      h("section", { class: "panel", "aria-label": "Progress" }, h("div", { class: "progress plain" }, meter, percent), h("nav", { "aria-label": "Its jobs by state" }, counts), facts),
      failedPanel,
      h("section", { class: "panel" }, h("h2", {}, "Reports"), members, rest),
    ],
    ask: (signal) => get(url, { signal }).then(readBatch),
    show,
  };
}

function makeCount(state, id) {
  return h("li", { "data-state": state }, h("a", { href: `#/jobs?${new URLSearchParams({ state, batch: id })}` }, badge(state), h("span", { class: "tab-count" })));
}

function makeFailed(one) {
  return h(
    "li",
    { class: "line" },
    h("div", { class: "line-what" }, h("a", { class: "name", href: `#/job/${encodeURIComponent(one.id)}` }, `Report ${one.place + 1}`), one.reason && h("code", { class: "reason" }, one.reason), h("p", { class: "message" }, one.message ?? "No message was left.")),
  );
}

function makeMember(one) {
  return h("li", {}, h("a", { class: "id-link", href: `#/job/${encodeURIComponent(one.id)}` }, `Report ${one.place + 1}`), h("span", {}));
}
