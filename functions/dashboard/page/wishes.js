// What may be wished of a report beside its payload, and of a schedule: as schemas, so that the form makes their fields.

const zones = () => Intl.supportedValuesOf?.("timeZone") ?? [];

/** The options of a submission. */
export const optionsSchema = () => ({
  type: "object",
  properties: {
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
    preflight: { title: "Preflight", type: "string", enum: ["warn", "fail"], description: "What a finding does: it is told, or the job fails" },
    dedupKey: { title: "Deduplication key", type: "string", description: "One job of yours has it at a time" },
    retentionSeconds: { title: "Keep in lists (seconds)", type: "integer", description: "60 to 7,776,000, after its end" },
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
