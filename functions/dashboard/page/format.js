// Numbers and moments as people read them. The server's clock counts: `hear` learns how far this machine's is off.

let ahead = 0; // ms that the server's clock is ahead of ours

/** Learns the server's clock from an answer's Date header. It tells whole seconds: less than two off is not off. */
export function hear(date) {
  const server = moment(date);
  if (server !== null) ahead = Math.abs(server + 500 - Date.now()) < 2_000 ? 0 : server + 500 - Date.now();
}

/** A moment in ms since the epoch, from ms or ISO 8601; null for anything else. */
export function moment(value) {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "string") return null;
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? null : parsed;
}

const pad = (number) => String(number).padStart(2, "0");

/** The time of day, 12:03:05, here. */
export function clock(at) {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** The time of day without seconds, 12:03, here. */
export function clockOfDay(at) {
  return clock(at).slice(0, 5);
}

/** The full moment, 2026-11-24 12:03:05, here. */
export function stamp(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(at)}`;
}

/** How long: 0.42 s, 5 s, 3 min, 2 h, 4 d. */
export function duration(seconds) {
  if (seconds < 10) return `${Number(seconds.toFixed(2))} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Now, by the server's clock, in ms. */
export const now = () => Date.now() + ahead;

/** How far a moment is from now, in whole units: "3 s ago", "in 2 min". */
export function distance(at) {
  const seconds = Math.round((now() - at) / 1_000);
  if (seconds >= 0) return seconds < 1 ? "just now" : `${duration(seconds)} ago`;
  return `in ${duration(-seconds)}`;
}

/** 1,234 */
export function count(number) {
  return number.toLocaleString("en-US");
}

/** 812 B, 14.2 kB, 3.1 MB */
export function bytes(size) {
  if (size < 1_000) return `${size} B`;
  if (size < 1_000_000) return `${(size / 1_000).toFixed(1)} kB`;
  return `${(size / 1_000_000).toFixed(1)} MB`;
}

/** "1 job", "3 jobs" */
export function many(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}
