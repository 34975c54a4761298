// What may be wished of a report beside its payload, and of a schedule: as schemas, so that the form makes their fields.

const zones = () => Intl.supportedValuesOf?.("timeZone") ?? [];

const ALONE = ["dedupKey", "dedupSeconds", "dedupMode"]; // for a report that is submitted alone

/** The options of a submission; `hooks`: the webhooks to choose one of; `inBatch`: those of a batch's reports. */
export function optionsSchema({ hooks = [], inBatch = false } = {}) {
  const known = optionsOf(hooks);
  return { type: "object", properties: inBatch ? Object.fromEntries(Object.entries(known).filter(([name]) => !ALONE.includes(name))) : known };
}

/** What a batch has beside its reports. */
export const batchSchema = () => ({
  type: "object",
  properties: {
    name: { title: "Name", type: "string", description: "What you call it" },
    result: { title: "Result", type: "string", enum: ["zip", "pdf"], titles: { zip: "a ZIP of all reports", pdf: "one PDF of all reports" }, description: "A ZIP if you choose none" },
  },
});

const optionsOf = (hooks) => ({
  format: { title: "Format", type: "string", enum: ["pdf", "html", "csv", "xlsx"], description: "PDF if you choose none" },
  variant: { title: "PDF variant", type: "string", enum: ["pdf/ua-1", "pdf/a-3b"], description: "Accessible, or for archives" },
  locale: { title: "Locale", type: "string", description: "Language and region, such as de or fr-CH" },
  timezone: { title: "Time zone", type: "string", examples: zones(), description: "In which moments are told; UTC" },
  priority: { title: "Priority", type: "integer", description: "0 to 9, before others of yours; 5" },
  attempts: { title: "Attempts", type: "integer", description: "1 to 10; empty for the usual number" },
  delaySeconds: { title: "Start after (seconds)", type: "integer", description: "0 to 604,800, a week; empty for at once" },
  runAt: { title: "Start at", type: "string", format: "date-time", description: "Not before; in your time" },
  expiresAt: { title: "Give up at", type: "string", format: "date-time", description: "Not started by then, it fails as expired" },
  tags: { title: "Tags", type: "array", format: "words", description: "Up to 10 words, by which lists find it" },
  attachments: { title: "Attachments", type: "array", format: "words", description: "csv, xlsx, json or factur-x, within the PDF" },
  password: { title: "Password", type: "string", format: "password", description: "Opens the PDF" },
  metadata: { title: "Metadata", type: "object", description: 'Of your own, kept with the job: {"order": "17"}' },
  preflight: { title: "Preflight", type: "string", enum: ["warn", "fail"], description: "What a finding does: it is told, or the job fails" },
  dedupKey: { title: "Deduplication key", type: "string", description: "One job of yours has it at a time" },
  dedupSeconds: { title: "Deduplicate for (seconds)", type: "integer", description: "From its submission on; 86,400" },
  dedupMode: { title: "The second of a key", type: "string", enum: ["drop", "replace"], description: "Is dropped, or replaces the first while no worker has it" },
  retentionSeconds: { title: "Keep in lists (seconds)", type: "integer", description: "60 to 7,776,000, after its end" },
  webhook: { title: "Webhook", enum: [false, ...hooks.map(({ id }) => id)], titles: { false: "none", ...Object.fromEntries(hooks.map(({ id, url, description }) => [id, description ?? url ?? id])) }, description: "Told of its end; all that want to be" },
  callback: { title: "Callback", type: "string", description: "An address that is told too" },
  backoff: {
    title: "Wait before a retry",
    type: "object",
    required: ["type", "delaySeconds"],
    properties: {
      type: { title: "Kind", type: "string", enum: ["fixed", "exponential"] },
      delaySeconds: { title: "First wait (seconds)", type: "integer", description: "1 to 3,600" },
      jitter: { title: "Longer by up to", type: "number", description: "A share of it, 0 to 1" },
    },
  },
});

/** What a schedule has beside its report. */
export const scheduleSchema = () => ({
  type: "object",
  properties: {
    name: { title: "Name", type: "string", description: "What you call it" },
    cron: { title: "Cron", type: "string", description: "Minute, hour, day, month, weekday: 30 6 * * 1-5. L is the last day of a month" },
    everySeconds: { title: "Or every (seconds)", type: "integer", description: "60 or more; instead of a cron" },
    timeZone: { title: "Time zone of the cron", type: "string", examples: zones(), description: "Such as Europe/Berlin; UTC" },
    overlap: { title: "While one runs, the next is", type: "string", enum: ["skip", "queue"], description: "Left out (skip), or run all the same (queue)" },
    catchUp: { title: "What was missed", type: "string", enum: ["one", "all", "skip"], description: "Run the newest (one), each (all), or none that is late (skip)" },
    startsAt: { title: "Starts", type: "string", format: "date-time" },
    endsAt: { title: "Ends", type: "string", format: "date-time" },
  },
});
