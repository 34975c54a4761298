// What pressing a button comes to.

import { say } from "./dom.js";

/** Asks the API, while the button rests; says what it answers, and tells done(answer) or failed(error). */
export async function press(button, ask, { done, failed }) {
  button.disabled = true;
  try {
    const answer = await ask();
    say(answer.message);
    done(answer);
  } catch (error) {
    failed(error);
  } finally {
    button.disabled = false;
  }
}
