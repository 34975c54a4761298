// A job's receipt: what is kept of it for good. It is asked for when somebody opens it.

import { call } from "./api.js";
import { copyable, h, set } from "./dom.js";
import { exact, pretty } from "./json.js";
import { masked } from "./secrets.js";
import { trouble } from "./trouble.js";

/** A panel that is closed at first; `show(isThere, job)`: a new round has a new receipt. `url`: the job's. */
export function receiptPanel(url) {
  const place = h("div", { class: "receipt" });
  const panel = h("details", { class: "panel", hidden: true, on: { toggle: fetchIt } }, h("summary", {}, "Receipt"), place);
  let version = null;
  let shown = null;

  async function fetchIt() {
    if (!panel.open || shown === version) return;
    const wanted = version;
    try {
      const receipt = exact(await call("GET", `${url}/receipt`));
      place.replaceChildren(
        h("div", { class: "panel-head" }, h("p", { class: "hint" }, "What is kept for good: how it ended, what was asked, and the checksums to hold the report against."), copyable(pretty(receipt), "receipt", "Copy")),
        h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Receipt as JSON" }, masked(receipt).text),
      );
      shown = wanted;
    } catch (error) {
      place.replaceChildren(trouble(error, "The receipt could not be fetched."));
    }
  }

  function show(isThere, job) {
    set(panel, "hidden", !isThere);
    version = `${job.state} ${job.round} ${job.finishedAt}`;
    if (isThere) fetchIt();
  }

  return { panel, show };
}
