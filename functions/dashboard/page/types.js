// The report types, asked for once: their titles stand wherever a job is named.

import { get } from "./api.js";
import { readTypes } from "./model.js";

let asked = null;

/** All report types; asks once, and again only where the asking failed. */
export function reportTypes() {
  asked ??= get("/api/report-types")
    .then(readTypes)
    .catch((error) => {
      asked = null;
      throw error;
    });
  return asked;
}

/** A report type's title by its name, for those who can do without: the name itself while it is not known. */
export async function titles() {
  try {
    const known = new Map((await reportTypes()).map((type) => [type.name, type.title]));
    return (name) => known.get(name) ?? name;
  } catch {
    return (name) => name;
  }
}
