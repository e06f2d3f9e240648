/** Names each request for tracing, so that what a click caused can be followed to the last artifact. */

/** A `traceparent` header of W3C Trace Context, version 00, sampled. */
export function traceparent(): string {
  return `00-${hex(16)}-${hex(8)}-01`
}

function hex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
}
