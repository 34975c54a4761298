// The API's shapes, read once, here: the views know these names only.

import { moment } from "./format.js";

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value) => (typeof value === "string" && value !== "" ? value : null);
const list = (value) => (Array.isArray(value) ? value : []);

/** GET /api/stats */
export function readStats(answer) {
  return { counts: answer.counts ?? {} };
}

/** GET /api/queue: all tenants together. Moments in ms, durations in seconds. */
export function readQueue(answer) {
  return {
    counts: answer.counts ?? {},
    workers: number(answer.workers) ?? 0,
    paused: Object.entries(answer.paused ?? {}).map(([what, since]) => ({ what, since: moment(since) })),
    oldestSeconds: number(answer.oldestWaitingSeconds),
    drainSeconds: number(answer.drainSeconds),
    wait: readSpread(answer.wait),
    run: readSpread(answer.run),
    minutes: list(answer.minutes).map((minute) => ({
      at: moment(minute.at) ?? 0,
      enqueued: number(minute.enqueued) ?? 0,
      completed: number(minute.completed) ?? 0,
      failed: number(minute.failed) ?? 0,
    })),
    at: moment(answer.timestamp) ?? Date.now(),
  };
}

function readSpread(spread) {
  return { count: number(spread?.count) ?? 0, mean: number(spread?.mean), p50: number(spread?.p50), p95: number(spread?.p95) };
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
    jobs: list(worker.jobs).map(String),
    memory: number(worker.memoryMb),
    version: text(worker.version),
  }));
}

/** GET /api/jobs?…: one page of jobs. `total`: null where filters leave some out; `next`: the next page's cursor. */
export function readJobs(answer) {
  return { jobs: list(answer.jobs).map(readJob), total: number(answer.total), next: text(answer.next) };
}

/** GET /api/jobs/{id}, and a job in a list. */
export function readJob(answer) {
  return {
    id: String(answer.id),
    type: text(answer.name) ?? "report",
    state: String(answer.status),
    progress: Math.min(100, Math.max(0, number(answer.progress) ?? 0)),
    acceptedAt: moment(answer.timestamp),
    startedAt: moment(answer.processedOn),
    finishedAt: moment(answer.finishedOn),
    dueAt: moment(answer.dueAt),
    expiresAt: moment(answer.expiresAt),
    attempts: number(answer.attempts),
    attemptsAllowed: number(answer.maxAttempts),
    stalls: number(answer.stalls),
    round: number(answer.round),
    worker: text(answer.worker),
    reason: text(answer.reason),
    message: text(answer.failedReason),
    signature: text(answer.signature),
    priority: number(answer.priority),
    tags: list(answer.tags).map(String),
    batch: text(answer.batch),
    result: answer.result ? readResult(answer.result) : null,
    timeline: list(answer.timeline).map((event) => ({
      verb: String(event.verb),
      at: moment(event.at),
      attempt: number(event.attempt),
      worker: text(event.worker),
      reason: text(event.reason),
      message: text(event.message),
    })),
    outlook: answer.outlook ? readOutlook(answer.outlook) : null,
    data: answer.jobData ?? null, // null: not kept any more
    options: answer.options ?? {}, // as a submission takes them
    metadata: Object.entries(answer.metadata ?? {}).map(([name, value]) => [name, String(value)]),
    rows: answer.dataRef ? { key: String(answer.dataRef.key), member: text(answer.dataRef.member) ?? "rows" } : null, // the object that holds rows which the payload lacks
  };
}

function readResult(result) {
  return {
    pages: number(result.pages),
    size: number(result.fileSize),
    seconds: number(result.seconds),
    sha256: text(result.sha256),
    memory: number(result.peakMemoryMb),
    format: text(result.fileName)?.split(".").pop() ?? "pdf",
    url: text(result.reportUrl),
    warnings: list(result.warnings).map((found) => ({ code: text(found.code), page: number(found.page), message: text(found.message) ?? "" })),
    recipe: Object.entries(result.recipe ?? {}).filter(([, value]) => value !== null && value !== ""),
  };
}

function readOutlook(outlook) {
  return { reasons: list(outlook.reasons).map(String), ahead: number(outlook.ahead), startsAt: moment(outlook.startsAt) };
}

/** GET /api/jobs/groups: failed jobs by their errors. */
export function readGroups(answer) {
  return list(answer.groups).map((group) => ({
    signature: String(group.signature),
    count: number(group.count) ?? 0,
    newest: text(group.newest),
    reason: text(group.reason),
    message: text(group.failedReason),
  }));
}

/** GET /api/v1/batches/{id} */
export function readBatch(answer) {
  const member = (one) => ({ place: number(one.n) ?? 0, id: String(one.jobId), state: String(one.status), reason: text(one.reason), message: text(one.failedReason) });
  return {
    id: String(answer.id),
    name: text(answer.name),
    jobs: number(answer.jobs) ?? 0,
    kind: text(answer.result),
    isRunning: answer.status === "running",
    counts: answer.counts ?? {},
    isCounted: Boolean(answer.counts), // in the list, where the queue knows its jobs no more, it is not
    progress: Math.min(100, Math.max(0, Math.round((number(answer.progress) ?? 0) * 100))),
    failed: list(answer.failed).map(member),
    members: list(answer.members).map(member),
    hasResult: text(answer.resultUrl) !== null,
    assembly: answer.assembly ? { id: text(answer.assembly.jobId), state: String(answer.assembly.status), message: text(answer.assembly.failedReason) } : null,
    acceptedAt: moment(answer.timestamp),
  };
}

/** GET /api/v1/schedules/{id}, and a schedule in the list. */
export function readSchedule(answer) {
  return {
    id: String(answer.id),
    name: text(answer.name),
    state: String(answer.status),
    cron: text(answer.cron),
    everySeconds: number(answer.everySeconds),
    timeZone: text(answer.timeZone) ?? "UTC",
    type: text(answer.reportType) ?? "report",
    overlap: text(answer.overlap),
    catchUp: text(answer.catchUp),
    startsAt: moment(answer.startsAt),
    endsAt: moment(answer.endsAt),
    madeAt: moment(answer.timestamp),
    nextRuns: list(answer.nextRuns).map(moment).filter((at) => at !== null),
    lastRun: answer.lastRun ? { id: String(answer.lastRun.jobId), at: moment(answer.lastRun.scheduledFor) } : null,
    fired: number(answer.fired),
    skipped: number(answer.skipped),
    missed: number(answer.missed),
    fault: text(answer.failedReason),
    report: answer.report ?? null,
  };
}

/** GET /api/v1/schedules: one page. */
export function readSchedules(answer) {
  return { schedules: list(answer.schedules).map(readSchedule), after: text(answer.after) };
}

/** GET /api/v1/webhooks */
export function readHooks(answer) {
  return list(answer.webhooks).map(readHook);
}

/** GET /api/v1/webhooks/{id}, and a webhook in the list. `url` is null for the callbacks of jobs. */
export function readHook(answer) {
  return {
    id: String(answer.id),
    url: text(answer.url),
    events: list(answer.events).map(String),
    description: text(answer.description),
    isEnabled: answer.status === "enabled",
    reason: text(answer.reason),
    failingSince: moment(answer.failingSince),
    madeAt: moment(answer.timestamp),
    deliveries: list(answer.deliveries).map(readDelivery),
  };
}

/** A delivery, in a webhook or in the answer to a try. */
export function readDelivery(answer) {
  return {
    id: String(answer.id),
    event: String(answer.event),
    state: String(answer.status),
    url: text(answer.url),
    at: moment(answer.timestamp),
    dueAt: moment(answer.dueAt),
    tries: list(answer.tries).map((one) => ({ at: moment(one.at), seconds: number(one.seconds), status: number(one.status), reason: text(one.reason) })),
  };
}

/** GET /api/usage: by day and report type, the oldest first. */
export function readUsage(answer) {
  const sums = (one) => ({ completed: number(one?.completed) ?? 0, failed: number(one?.failed) ?? 0, pages: number(one?.pages) ?? 0, bytes: number(one?.bytes) ?? 0, seconds: number(one?.renderSeconds) ?? 0, cost: number(one?.costUsd) ?? 0 });
  return {
    rows: list(answer.days).map((row) => ({ day: String(row.day), type: String(row.reportType), ...sums(row) })),
    total: sums(answer.total),
    isWhole: answer.complete !== false,
  };
}

/** GET /api/v1/batches: one page, the newest first. */
export function readBatches(answer) {
  return { batches: list(answer.batches).map(readBatch), next: text(answer.after) };
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
