// A report made once, to be looked at: it is neither queued nor kept, and lives in this tab until the view goes.
//
// What the API sends is shown under the page's own policy. That lets a PDF into the browser's viewer. Of HTML it lets no
// style through that stands in the document: the styles are taken out and put beside it, and its frame runs no script.

import { fetchDocument } from "./api.js";
import { h, icon, say, set, write } from "./dom.js";
import { bytes } from "./format.js";

const PATIENCE_MS = 40_000;
const SHOWN = 100_000; // characters of CSV
const ENDINGS = { "application/pdf": "pdf", "text/html": "html", "text/csv": "csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx" };
const WORDS = { pdf: "PDF", html: "HTML", csv: "CSV", xlsx: "workbook" };

/** A panel that is not there at first. `make(body, name)` asks and shows, or raises as `fetchDocument` does. */
export function previewPanel() {
  const heading = h("h2", { tabindex: -1 }, "Preview");
  const about = h("p", { class: "hint" });
  const finds = h("p", { class: "notice warn", hidden: true });
  const save = h("a", { class: "button small" });
  const place = h("div", { class: "frame" });
  const panel = h("section", { class: "panel preview", hidden: true }, h("div", { class: "panel-head" }, heading, h("div", { class: "actions" }, save)), about, finds, place);
  let url = null;
  let size = "";

  async function make(body, name) {
    say("The preview is being made.");
    const { blob: found, headers } = await fetchDocument("/api/v1/reports/preview", { body, patience: PATIENCE_MS });
    close();
    const kind = ENDINGS[found.type.split(";")[0].trim()] ?? "bin";
    url = URL.createObjectURL(found);
    size = `${WORDS[kind] ?? "File"}, ${bytes(found.size)}. Nothing was queued.`;
    const warnings = headers.get("Report-Warnings") ?? "";
    write(finds, warnings && `The preflight found: ${warnings}`);
    set(finds, "hidden", warnings === "");
    write(about, size);
    save.replaceChildren(icon("download"), `Save ${WORDS[kind] ?? "file"}`);
    set(save, "href", url);
    set(save, "download", `${name}-preview.${kind}`);
    place.replaceChildren(...(await shown(kind, found, url)));
    set(place, "hidden", place.childElementCount === 0);
    set(panel, "hidden", false);
    heading.focus();
    panel.scrollIntoView({ block: "start" });
    say("The preview is there.");
  }

  function close() {
    if (url) URL.revokeObjectURL(url);
    url = null;
    place.replaceChildren();
    set(panel, "hidden", true);
  }

  /** What is seen is from before the last change. */
  function outdate() {
    if (url) write(about, `${size} It is from before your last change.`);
  }

  return { panel, make, close, outdate };
}

/** What a browser shows of it: a PDF and HTML in a frame, the beginning of CSV, and no workbook. */
async function shown(kind, found, url) {
  if (kind === "pdf" && navigator.pdfViewerEnabled) return [h("iframe", { src: `${url}#navpanes=0&view=FitH`, title: "The preview as PDF" })];
  if (kind === "html") return [framed(await found.text())];
  if (kind === "csv") return [h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "The preview as CSV" }, (await found.text()).slice(0, SHOWN))];
  return [];
}

/** HTML in a frame without scripts, forms and ways out, whose styles are let in one by one. */
function framed(html) {
  const styles = [];
  const bare = html
    .replace(/<style\b[^>]*>([\s\S]*?)<\/style>/gi, (_, css) => (styles.push(css), ""))
    .replace(/(<[a-z][^<>]*?)\sstyle=(?=")/gi, "$1 data-style=");
  const frame = h("iframe", { title: "The preview as HTML", sandbox: "allow-same-origin", srcdoc: bare });
  frame.addEventListener("load", () => {
    const inside = frame.contentWindow;
    inside.document.adoptedStyleSheets = styles.map((css) => {
      const sheet = new inside.CSSStyleSheet();
      sheet.replaceSync(css);
      return sheet;
    });
    for (const element of inside.document.querySelectorAll("[data-style]")) element.style.cssText = element.dataset.style;
  });
  return frame;
}
