// Where the key is asked for, and tried, before anything else is shown.

import { get, keep } from "./api.js";
import { h } from "./dom.js";
import { trouble } from "./trouble.js";

/** The form that asks for the key; `entered()` follows a key that the API knows. `why`: text, if one was refused. */
export function door({ why, entered }) {
  const input = h("input", {
    id: "key-input",
    type: "password",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    required: true,
    placeholder: "rq_…",
    "aria-describedby": "key-hint",
  });
  const enter = h("button", { type: "submit", class: "button primary" }, "Enter");
  const answer = h("div", {}, why && h("p", { class: "notice bad", role: "alert" }, why));

  async function submit(event) {
    event.preventDefault();
    const key = input.value.trim();
    if (key === "") return input.focus();
    enter.disabled = true;
    try {
      await get("/api/stats", { as: key });
      keep(key);
      entered();
    } catch (error) {
      const headline = error.refusesKey ? "The API does not know this key." : "The key could not be tried.";
      answer.replaceChildren(trouble(error, headline));
      input.select();
      input.focus();
    } finally {
      enter.disabled = false;
    }
  }

  return {
    title: "Enter your key",
    body: [
      h(
        "form",
        { class: "panel door", on: { submit } },
        h("h1", { tabindex: -1 }, "Enter your API key"),
        h("div", { class: "field" }, h("label", { for: "key-input" }, "API key"), input),
        h("p", { class: "hint", id: "key-hint" }, "It stays in this tab only and is gone when you close it."),
        answer,
        h("div", { class: "actions end" }, enter),
      ),
    ],
    focus: input,
  };
}
