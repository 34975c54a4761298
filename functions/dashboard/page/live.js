// Asks again and again while a view is open, and knows when the answers stopped coming.
//
//     ask ──► answer ──► show ──► wait (1 s while something moves, 5 s at rest, until it is seen again in a hidden tab) ──► ask
//      └────► silence ─► say since when ─► wait (2, 4, 8, then 15 s, or what Retry-After says) ─────────► ask

import { NoAnswer, Problem } from "./api.js";

const MOVING_MS = 1_000;
const RESTING_MS = 5_000;
const SILENT_MS = [2_000, 4_000, 8_000, 15_000];

/**
 * Starts asking. `ask(signal)` gives an answer; `show(answer)` shows it and gives true while something moves;
 * `refused(problem)` is told of a 4xx, which ends the asking; `silence(since, problem)` is told after every unanswered
 * try when the last answer came (ms, or null), and with `false` that answers are back. `rest`: ms between two answers at
 * rest, for what takes the API some work.
 * Gives `{now, stop}`: ask at once; never again.
 */
export function live({ ask, show, refused, silence, rest = RESTING_MS }) {
  const ending = new AbortController();
  let timer = null;
  let running = false;
  let again = false;
  let answeredAt = null;
  let misses = 0;

  async function round() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    clearTimeout(timer);
    let wait;
    try {
      const answer = await ask(ending.signal);
      if (ending.signal.aborted) return;
      misses = 0;
      answeredAt = Date.now();
      silence(false);
      wait = show(answer) ? MOVING_MS : rest;
    } catch (error) {
      if (ending.signal.aborted) return;
      if (error instanceof Problem && !error.isAway) {
        silence(false);
        refused(error);
        return;
      }
      if (!(error instanceof Problem || error instanceof NoAnswer)) reportError(error); // ours: the console has it
      wait = Math.max(SILENT_MS[Math.min(misses, SILENT_MS.length - 1)], (error.retryAfter ?? 0) * 1_000);
      misses += 1;
      silence(answeredAt, error);
    } finally {
      running = false;
    }
    if (!ending.signal.aborted) plan(again ? 0 : wait);
  }

  function plan(wait) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(round, wait);
  }

  // A hidden tab asks nothing, because nobody looks. One that comes back to the front catches up at once.
  document.addEventListener("visibilitychange", () => document.hidden || round(), { signal: ending.signal });
  window.addEventListener("online", round, { signal: ending.signal });

  round();
  return {
    now: round,
    stop() {
      clearTimeout(timer);
      ending.abort();
    },
  };
}
