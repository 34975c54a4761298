// A payload as JSON text: secrets masked until they are asked for, the beginning of a large one, and ways to take it along.

import { repeatable } from "./asked.js";
import { copyable, h, say, write } from "./dom.js";
import { bytes, many } from "./format.js";
import { exact, pretty } from "./json.js";
import { masked } from "./secrets.js";

const SHOWN = 200_000; // characters; a browser takes its time to lay out a payload of 5 MB

/** What stands in the payload's panel. `text`: the API's answer as it was written; `job`: the same, read. */
export function payloadOf(text, job) {
  if (job.data === null) return [h("h2", {}, "Payload"), h("p", { class: "empty" }, "The payload is not kept any more, or is too large to send.")];
  const data = exact(text).jobData;
  const plain = pretty(data);
  const veiled = masked(data);
  const block = h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Payload as JSON" });
  const rest = h("p", { class: "rest" });
  let isVeiled = veiled.masked > 0;
  let isWhole = false;

  function show() {
    const full = isVeiled ? veiled.text : plain;
    const isLong = full.length > SHOWN && !isWhole;
    write(block, isLong ? full.slice(0, SHOWN) : full);
    rest.hidden = !isLong;
  }

  const all = h("button", { type: "button", class: "button", on: { click: () => ((isWhole = true), show(), block.focus()) } }, "Show all");
  rest.append(`The first ${bytes(SHOWN)} of ${bytes(plain.length)}. `, all);
  const reveal = h("button", { type: "button", class: "button quiet small", "aria-pressed": "false" });
  reveal.addEventListener("click", () => {
    isVeiled = !isVeiled;
    name();
    show();
    say(isVeiled ? "Secrets are masked." : "Secrets are shown.");
  });
  function name() {
    write(reveal, isVeiled ? `Reveal ${many(veiled.masked, "secret")}` : "Mask secrets");
    reveal.setAttribute("aria-pressed", String(!isVeiled));
  }
  name();
  show();
  return [
    h("div", { class: "panel-head" }, h("h2", {}, "Payload"), h("div", { class: "actions" }, veiled.masked > 0 && reveal, copyable(plain, "payload", "Copy"), copyable(curlOf(job, data), "curl command", "Copy as curl"))),
    block,
    rest,
  ];
}

/** The command that submits the same report once more. The key is never in it: it comes from the shell's $KEY. */
function curlOf(job, data) {
  const options = repeatable(job.options);
  const body = JSON.stringify({ reportType: job.type, data, ...(job.rows && { dataRef: job.rows }), ...(Object.keys(options).length > 0 && { options }) });
  const quoted = body.replaceAll("'", "'\\''");
  return [`curl -sS '${location.origin}/api/v1/reports/generate'`, `-H "Authorization: Bearer $KEY"`, "-H 'Content-Type: application/json'", `--data-raw '${quoted}'`].join(" \\\n  ");
}
