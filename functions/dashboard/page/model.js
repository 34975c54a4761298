// The API's shapes, read once, here: the views know these names only.

import { moment } from "./format.js";

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value) => (typeof value === "string" && value !== "" ? value : null);
const list = (value) => (Array.isArray(value) ? value : []);

/** GET /api/stats */
export function readStats(answer) {
  return { counts: answer.counts ?? {} };
}

/** GET /api/workers */
export function readWorkers(answer) {
  return list(answer.workers).map((worker) => ({
    id: String(worker.id),
    pid: number(worker.pid),
    beatAt: moment(worker.timestamp),
    upSeconds: number(worker.uptime),
    slots: number(worker.slots),
    active: number(worker.active),
    finished: number(worker.finished),
  }));
}

/** GET /api/jobs?state=…: one page of jobs. */
export function readJobs(answer) {
  return {
    jobs: list(answer.jobs).map(readJob),
    total: number(answer.total) ?? 0,
    page: number(answer.page) ?? 1,
    limit: number(answer.limit) ?? 20,
  };
}

/** GET /api/jobs/{id}, and a job in a list. */
export function readJob(answer) {
  const result = answer.result ?? null;
  return {
    id: String(answer.id),
    type: text(answer.name) ?? "report",
    state: String(answer.status),
    progress: Math.min(100, Math.max(0, number(answer.progress) ?? 0)),
    acceptedAt: moment(answer.timestamp),
    startedAt: moment(answer.processedOn),
    finishedAt: moment(answer.finishedOn),
    dueAt: moment(answer.dueAt),
    attempts: number(answer.attempts),
    attemptsAllowed: number(answer.maxAttempts),
    stalls: number(answer.stalls),
    round: number(answer.round),
    worker: text(answer.worker),
    reason: text(answer.reason),
    message: text(answer.failedReason),
    result: result && {
      pages: number(result.pages),
      size: number(result.fileSize),
      seconds: number(result.seconds),
      sha256: text(result.sha256),
      memory: number(result.peakMemoryMb),
      format: text(result.fileName)?.split(".").pop() ?? "pdf",
      warnings: list(result.warnings).map((found) => `${found.page ? `Page ${found.page}: ` : ""}${found.message}`),
    },
    data: answer.jobData ?? null, // null: not kept any more
    rowsFrom: answer.dataRef ? text(answer.dataRef.key) : null, // the object that holds rows which the payload lacks
  };
}

/** GET /api/report-types */
export function readTypes(answer) {
  return list(answer).map((type) => ({
    name: String(type.name),
    title: text(type.title) ?? String(type.name),
    description: text(type.description) ?? "",
    schema: type.schema ?? {},
    sample: type.sample ?? {},
  }));
}
