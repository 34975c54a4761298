// JSON as text: numbers as they were written, and the places that pointers name.

/**
 * Parses JSON text; a number that JavaScript would write otherwise (12345678901234567, 1.10) comes back as raw JSON,
 * where the browser can. For showing and sending on, not for counting.
 */
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

/** {start, end} of the value at the pointer, or of the nearest value around where it would be; null if not JSON. */
export function locate(text, pointer) {
  const wanted = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  let place = 0;

  const space = () => {
    while (" \t\n\r".includes(text[place]) && place < text.length) place += 1;
  };
  const string = () => {
    const start = place;
    place += 1;
    while (text[place] !== '"') place += text[place] === "\\" ? 2 : 1;
    place += 1;
    return JSON.parse(text.slice(start, place));
  };

  // Walks one value. `rest` is what of the pointer is still to match inside it, or null beside the path.
  function value(rest) {
    space();
    const start = place;
    let found = null;
    if (text[place] === "{" || text[place] === "[") {
      const isObject = text[place] === "{";
      const end = isObject ? "}" : "]";
      place += 1;
      space();
      for (let index = 0; text[place] !== end; index += 1) {
        if (place >= text.length) throw new SyntaxError("not JSON");
        space();
        const name = isObject ? string() : String(index);
        if (isObject) {
          space();
          place += 1; // the colon
        }
        const isOnPath = rest !== null && rest.length > 0 && rest[0] === name;
        found = value(isOnPath ? rest.slice(1) : null) ?? found;
        space();
        if (text[place] === ",") place += 1;
        space();
      }
      place += 1;
    } else if (text[place] === '"') {
      string();
    } else {
      while (place < text.length && !",]} \t\n\r".includes(text[place])) place += 1;
    }
    return found ?? (rest === null ? null : { start, end: place });
  }

  try {
    JSON.parse(text);
    return value(wanted);
  } catch {
    return null;
  }
}

/** The line, from 1, of a place in a text. */
export function lineOf(text, place) {
  return text.slice(0, place).split("\n").length;
}
