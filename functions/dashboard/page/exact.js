// JSON with its numbers as they were written: 12345678901234567 and 1.10 stay so, where the browser can
// (elsewhere they are rounded as JavaScript rounds them). For showing and sending on, not for counting.

/** Parses JSON text; a number that JavaScript would write otherwise comes back as raw JSON. */
export function exact(text) {
  if (typeof JSON.rawJSON !== "function") return JSON.parse(text);
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source ? JSON.rawJSON(context.source) : value,
  );
}

/** JSON text for people: two spaces a level. */
export function pretty(value) {
  return JSON.stringify(value, null, 2);
}
