// Idempotency keys: the same request, sent again under its key, is the same job.

/** A new one, of 32 digits. */
export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
