// The report itself: fetched by a link that carries its own permission for a few minutes, because a browser that
// follows a link or fills a frame sends no key. The API gives such links to whoever asks with the key.

import { get } from "./api.js";
import { h, icon, set, write } from "./dom.js";
import { trouble } from "./trouble.js";

const WORDS = { pdf: "PDF", html: "HTML", csv: "CSV", xlsx: "workbook" };

/** Buttons, a frame that shows the report, and a place for what goes wrong, of the job with this id. */
export function reader(id) {
  const url = `/api/v1/reports/${encodeURIComponent(id)}/download`;
  const place = h("div", {});
  const frame = h("div", { class: "frame", hidden: true });
  const label = h("span", {}, "Download PDF");
  const download = button(label, "primary", (links) => location.assign(checked(links.url)));
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

  /**
   * Shows the report, once, in the format in which it is. A browser shows no spreadsheet, and many a phone no PDF: there
   * the buttons are all there is. What stands in the frame may do nothing.
   */
  function open(format) {
    write(label, `Download ${WORDS[format] ?? "file"}`);
    set(view, "hidden", !(format === "pdf" || format === "html"));
    if (isOpen || !(format === "html" || (format === "pdf" && navigator.pdfViewerEnabled))) return;
    isOpen = true;
    withLinks(({ viewUrl }) => {
      if (!viewUrl) return;
      const title = `The report as ${WORDS[format]}`;
      const shown = { src: checked(viewUrl), title, referrerpolicy: "no-referrer" };
      frame.replaceChildren(h("iframe", format === "html" ? { ...shown, sandbox: "" } : { ...shown, src: `${shown.src}#navpanes=0&view=FitH` }));
      set(frame, "hidden", false);
    });
  }

  return { buttons: h("div", { class: "actions" }, view, download), trouble: place, frame, open, close: () => frame.replaceChildren() };
}

/** The link, if it is one: an address that runs as a script is never followed. */
export function checked(link) {
  const target = new URL(link, document.baseURI);
  if (target.protocol !== "https:" && target.protocol !== "http:") throw new Error("The API gave a link that is none.");
  return target.href;
}
