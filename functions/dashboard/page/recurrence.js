// When a schedule runs, in words: the everyday crons as people say them, the others as they are.

import { duration } from "./format.js";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** "every day at 06:30", "every 15 min", or the cron itself. */
export function recurrence({ cron, everySeconds }) {
  if (everySeconds !== null) return `every ${duration(everySeconds)}`;
  const match = /^(\d{1,2}) (\d{1,2}) (\*|L|\d{1,2}) \* (\*|\d|1-5)$/.exec(cron ?? "");
  if (match === null) return cron ?? "–";
  const [, minute, hour, day, weekday] = match;
  const at = `at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "L" && weekday === "*") return `on the last day of the month ${at}`;
  if (day !== "*" && weekday === "*") return `on day ${day} of the month ${at}`;
  if (day !== "*") return cron;
  if (weekday === "*") return `every day ${at}`;
  return weekday === "1-5" ? `Monday to Friday ${at}` : `every ${DAYS[Number(weekday)]} ${at}`;
}
