// Members of a payload that look as if they held a secret: not shown until somebody asks.

const SECRET = /pass(word|phrase|code)?$|secret|token|api[-_]?key|credential|authorization|^pin$|iban|^bic$|account[-_]?(no|number)|card[-_]?(no|number)|^cv[cv]$|ssn|tax[-_]?id/i;
const MASK = "••••••••";

/** Whether a member of this name looks as if it held a secret. */
export const isSecret = (name) => SECRET.test(name);

/** JSON text for people, with what looks like a secret masked: {text, masked: how many}. */
export function masked(value) {
  let number = 0;
  const text = JSON.stringify(
    value,
    (name, inner) => {
      if (!SECRET.test(name) || inner === null || typeof inner === "boolean" || inner === "") return inner;
      number += 1;
      return MASK;
    },
    2,
  );
  return { text, masked: number };
}
