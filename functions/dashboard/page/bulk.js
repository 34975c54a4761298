// Retries everything that filters match: first it is counted, without doing it; then somebody says yes; then it is done,
// a share at a time, and each share says what it did.

import { post } from "./api.js";
import { openDialog } from "./dialog.js";
import { h, say, write } from "./dom.js";
import { count, many } from "./format.js";
import { bar, move } from "./states.js";
import { trouble } from "./trouble.js";

const SHARE = 200; // the API's most
const MOST_COUNTED = 10_000;

/** The dialog. `where`: the filters, as the API's body names them; `words`: what they mean, for the title. */
export function retryAll({ where, words, done }) {
  let matched = null;
  let isGone = false;
  const said = h("p", { role: "status" }, "Counting, without retrying anything…");
  const meter = bar("Retried");
  meter.hidden = true;
  const dialog = openDialog({
    title: `Retry ${words}`,
    body: [said, meter],
    verb: "Retry all",
    ready: false,
    act,
    closed: () => (isGone = true),
  });

  const share = async (after, dryRun) => (await post("/api/jobs/retry", { body: JSON.stringify({ ...where, limit: SHARE, dryRun, ...(after && { after }) }) })).data;

  async function look() {
    let found = 0;
    let after = null;
    do {
      const answer = await share(after, true);
      found += answer.matched.length;
      after = answer.next;
      if (isGone) return;
    } while (after && found < MOST_COUNTED);
    matched = found;
    write(said, `${after ? "More than " : ""}${many(found, "job")} ${found === 1 ? "matches" : "match"}. ${found ? "Each starts again from its payload, with all its attempts." : "There is nothing to retry."}`);
    dialog.ready(found > 0);
  }

  async function act() {
    let [seen, retried, after] = [0, 0, null];
    meter.hidden = false;
    do {
      const answer = await share(after, false);
      seen += answer.matched.length;
      retried += answer.retried.length;
      after = answer.next;
      move(meter, Math.min(100, Math.round((100 * seen) / Math.max(1, matched))), "active");
      write(said, `${count(retried)} queued again…`);
    } while (after && !isGone);
    say(`${many(retried, "job")} queued again.`);
    done();
  }

  look().catch((error) => said.replaceWith(trouble(error, "They could not be counted.")));
}
