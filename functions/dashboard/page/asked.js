// What else was asked of a job, beside its payload: the options, and what the caller keeps with it.

import { fill, h } from "./dom.js";
import { showFacts } from "./facts.js";
import { stamp } from "./format.js";
import { isSecret } from "./secrets.js";
import { optionsSchema } from "./wishes.js";

const ELSEWHERE = new Set(["attempts", "priority", "tags", "metadata", "expiresAt"]); // the facts have these
const MOMENTS = new Set(["runAt", "expiresAt"]);

/** A panel; `show(job)` brings it up to date. */
export function askedPanel() {
  const options = h("dl", { class: "facts" });
  const metadata = h("dl", { class: "facts wide" });
  const title = h("h3", {}, "Metadata");
  const panel = h("section", { class: "panel", hidden: true }, h("h2", {}, "Asked for"), options, title, metadata);

  function show(job) {
    const titles = optionsSchema().properties;
    const there = Object.entries(job.options).filter(([name]) => !ELSEWHERE.has(name));
    showFacts(options, there.map(([name, value]) => [titles[name]?.title ?? name, told(name, value)]));
    // Names that callers give are no names of ours: they are not what the list is kept by.
    fill(metadata, JSON.stringify(job.metadata), () => job.metadata.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, isSecret(name) ? "••••••••" : value))));
    title.hidden = job.metadata.length === 0;
    panel.hidden = there.length === 0 && job.metadata.length === 0;
  }

  return { panel, show };
}

/** An option's value in words. A callback may hold a secret: its host says enough. */
function told(name, value) {
  if (MOMENTS.has(name)) return stamp(Date.parse(value));
  if (name === "callback") return URL.canParse(value) ? `${new URL(value).origin}/…` : "an address";
  if (name === "webhook") return value === false ? "nobody is told" : value;
  if (name === "backoff") return `${value.type}, from ${value.delaySeconds} s${value.jitter ? `, up to ${Math.round(value.jitter * 100)} % longer` : ""}`;
  return Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The options that make the same job now: a moment that has passed would say nothing, or end it at once. */
export function repeatable(options) {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => !MOMENTS.has(name) || Date.parse(value) > Date.now()));
}
