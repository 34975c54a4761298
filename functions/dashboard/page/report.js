// The report itself: fetched by a link that carries its own permission for a few minutes, because a browser that
// follows a link or fills a frame sends no key. The API gives such links to whoever asks with the key.

import { get } from "./api.js";
import { h, icon, set } from "./dom.js";
import { trouble } from "./trouble.js";

/** Buttons, a frame that shows the PDF, and a place for what goes wrong, of the job with this id. */
export function reader(id) {
  const url = `/api/v1/reports/${encodeURIComponent(id)}/download`;
  const place = h("div", {});
  const frame = h("div", { class: "frame", hidden: true });
  const download = button("Download PDF", "primary", (links) => location.assign(checked(links.url)));
  const view = button("Open in the browser", "", (links) => location.assign(checked(links.viewUrl ?? links.url)));
  let isOpen = false;

  function button(title, kind, use) {
    const element = h("button", { type: "button", class: `button ${kind}`, on: { click: click } }, kind && icon("download"), title);
    async function click() {
      element.disabled = true;
      await withLinks(use);
      element.disabled = false;
    }
    return element;
  }

  async function withLinks(use) {
    try {
      use(await get(url));
      place.replaceChildren();
    } catch (error) {
      place.replaceChildren(trouble(error, "The report could not be fetched."));
    }
  }

  /** Shows the report, once; where the browser has no viewer (most phones) the buttons are all there is. */
  function open() {
    if (isOpen || !navigator.pdfViewerEnabled) return;
    isOpen = true;
    withLinks(({ viewUrl }) => {
      if (!viewUrl) return;
      frame.replaceChildren(h("iframe", { src: `${checked(viewUrl)}#navpanes=0&view=FitH`, title: "The report as PDF", referrerpolicy: "no-referrer" }));
      set(frame, "hidden", false);
    });
  }

  return { buttons: h("div", { class: "actions" }, view, download), trouble: place, frame, open, close: () => frame.replaceChildren() };
}

/** The link, if it is one: an address that runs as a script is never followed. */
function checked(link) {
  const target = new URL(link, document.baseURI);
  if (target.protocol !== "https:" && target.protocol !== "http:") throw new Error("The API gave a link that is none.");
  return target.href;
}
