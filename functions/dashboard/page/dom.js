// Makes and changes elements. Everything that comes from outside ends as a text node or an attribute, never as markup.

/** An element. `attributes`: `on` holds listeners, `class` and `data-…` are as in HTML, true and false set or leave out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else {
      set(element, name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element of a drawing (SVG). */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets an attribute, only where it differs; false, null and undefined take it away. */
export function set(element, name, value) {
  const wanted = value === false || value === null || value === undefined ? null : value === true ? "" : String(value);
  if (element.getAttribute(name) === wanted) return;
  if (wanted === null) element.removeAttribute(name);
  else element.setAttribute(name, wanted);
}

/** Sets an element's text, only where it differs: a selection or a screen reader's place in it survives a poll. */
export function write(element, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Replaces an element's children, only if `version` is another than the last time. */
export function fill(element, version, children) {
  if (element.filledWith === version) return;
  element.filledWith = version;
  element.replaceChildren(...[children()].flat().filter(Boolean));
}

/**
 * Makes `parent` show one child per item, in order, and keeps the child of an item that was there before: focus,
 * selection and scroll survive. `make(item)` gives a new child, `update(child, item)` brings it up to date.
 */
export function each(parent, items, { key, make, update }) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = before.get(name);
    if (child) {
      before.delete(name);
    } else {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const gone of before.values()) gone.remove();
}

/** Says something once to those who listen instead of look. */
export function say(text) {
  write(document.getElementById("news"), text);
}

// What each icon looks like on a 16 x 16 grid, as strokes.
const ICONS = {
  waiting: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5 8h.01M8 8h.01M11 8h.01",
  delayed: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.3 1.6",
  active: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M6.6 5.4 10.6 8l-4 2.6z",
  completed: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M5.2 8.2l2 2 3.6-4",
  failed: "M8 1.9 14.6 13.6H1.4zM8 6v3.6M8 11.6h.01",
  cancelled: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M3.7 3.7l8.6 8.6",
  done: "M3 8.4 6.4 12 13 4.6",
  left: "M10 3 5 8l5 5",
  right: "M6 3l5 5-5 5",
  system: "M2 3h12v8H2zM6 13.8h4M8 11v2.8",
  light: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.4v1.2M8 13.4v1.2M1.4 8h1.2M13.4 8h1.2M3.3 3.3l.9.9M11.8 11.8l.9.9M12.7 3.3l-.9.9M4.2 11.8l-.9.9",
  dark: "M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z",
  pause: "M5.5 3v10M10.5 3v10",
  warn: "M8 1.9 14.6 13.6H1.4zM8 6v3.6M8 11.6h.01",
  add: "M8 3v10M3 8h10",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  remove: "M4 4l8 8M12 4l-8 8",
  download: "M8 2v8M4.8 7.2 8 10.4l3.2-3.2M2.5 13.5h11",
};

/** A drawing beside a word; it never stands for the word, so it is hidden from those who listen. */
export function icon(name) {
  return s("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));
}

/** A value with a button that copies it. With `title`, the button alone: the value is elsewhere on the page. */
export function copyable(value, what, title) {
  const button = h("button", { type: "button", class: "button quiet small" }, title ?? "Copy", h("span", { class: "unseen" }, ` ${what}`));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value);
      say(`Copied the ${what}.`);
      button.dataset.copied = "true";
      setTimeout(() => delete button.dataset.copied, 1_500);
    } catch {
      say("The browser does not let this page copy.");
    }
  });
  // The clipboard is there on https and on this machine only.
  if (!navigator.clipboard) button.hidden = true;
  return title ? button : h("span", { class: "copyable" }, h("code", { class: "id" }, value), button);
}
