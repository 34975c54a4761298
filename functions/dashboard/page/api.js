// Talks to the API: the key, the calls, and what can go wrong. Knows nothing of what the page shows.
//
// The key lives in this tab's session storage and nowhere else: no cookie, no local storage, no URL.

import { hear } from "./format.js";

const SHELF = "report-queue-key";
const PATIENCE_MS = 15_000;

/** The key, or null. */
export function key() {
  return sessionStorage.getItem(SHELF);
}

/** Keeps a key, or with null forgets it. */
export function keep(value) {
  if (value === null) sessionStorage.removeItem(SHELF);
  else sessionStorage.setItem(SHELF, value);
}

/** The part of a key that may be shown: `rq_<id>_<secret>` without the secret. */
export function keyName(value) {
  const parts = value.split("_");
  return parts.length === 3 ? parts.slice(0, 2).join("_") : "rq_…";
}

/** Nothing came back: no network, no server, or none in time. */
export class NoAnswer extends Error {}

/** The API said no. `faults`: [{pointer, detail}]; `retryAfter`: seconds or null. */
export class Problem extends Error {
  constructor({ status, title, detail, faults, retryAfter, refusesKey }) {
    super(detail || title);
    Object.assign(this, { status, title, detail, faults, retryAfter, refusesKey });
  }

  /** True where asking again later may help: what is behind the API is away. */
  get isAway() {
    return this.status >= 500 || this.status === 429;
  }
}

/** Asks for `path` and gives the parsed answer; raises NoAnswer or Problem. */
export async function get(path, options) {
  return JSON.parse(await call("GET", path, options));
}

/** Sends to `path` and gives the parsed answer; raises NoAnswer or Problem. `body` is JSON text. */
export async function post(path, options) {
  return JSON.parse((await call("POST", path, options)) || "null");
}

/** Has what `path` names taken away and gives the parsed answer; raises NoAnswer or Problem. */
export async function remove(path) {
  return JSON.parse((await call("DELETE", path)) || "null");
}

/** The answer's text, for those who need it as it was written; raises NoAnswer or Problem. */
export async function call(method, path, options = {}) {
  return (await exchange(method, path, options, (response) => response.text())).said;
}

/** Sends to `path` and gives the document that comes back, {blob, headers}; raises NoAnswer or Problem. */
export async function fetchDocument(path, options) {
  const { response, said } = await exchange("POST", path, { ...options, accept: "*/*" }, (response) => (response.ok ? response.blob() : response.text()));
  return { blob: said, headers: response.headers };
}

async function exchange(method, path, { body, headers = {}, signal, as = key(), accept = "application/json", patience = PATIENCE_MS }, read) {
  const limit = AbortSignal.timeout(patience);
  const request = {
    method,
    body,
    cache: "no-store",
    credentials: "omit",
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    headers: { Accept: accept, ...headers },
  };
  if (as !== null) request.headers.Authorization = `Bearer ${as}`;
  if (body !== undefined) request.headers["Content-Type"] = "application/json";
  let response, said;
  try {
    response = await fetch(path, request);
    said = await read(response);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new NoAnswer("The API does not answer.");
  }
  hear(response.headers.get("Date"));
  if (!response.ok) throw problem(response, said);
  return { response, said };
}

function problem(response, text) {
  let said = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // A gateway's own page of HTML is of no use to a reader: the status says enough.
  }
  const isOurs = (response.headers.get("Content-Type") ?? "").includes("problem+json");
  const wait = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new Problem({
    status: response.status,
    title: words(said.title) || words(said.message) || `The API answered ${response.status}`,
    detail: words(said.detail),
    faults: Array.isArray(said.errors)
      ? said.errors.map((fault) => ({ pointer: words(fault?.pointer), detail: words(fault?.detail) }))
      : [],
    retryAfter: Number.isFinite(wait) ? wait : null,
    // The gateway answers for a bad key, before any code of ours: 401 without one, 403 with one that is not known.
    refusesKey: response.status === 401 || (response.status === 403 && !isOurs),
  });
}

const words = (value) => (typeof value === "string" ? value : "");
