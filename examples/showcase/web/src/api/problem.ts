/** What went wrong with a request, as a person can read it and the page can act on it. */

/** A member of `errors`: which field of the request was refused, and why. */
export interface FieldError {
  field: string
  message: string
}

/** An answer of `application/problem+json` (RFC 9457), or a request that got no answer at all (`offline`). */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    /** The last part of the problem's type, such as `name-taken`. */
    readonly slug: string,
    readonly status: number,
    detail: string,
    readonly fields: readonly FieldError[] = [],
    /** How long to wait before the next try. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(detail)
  }
}

/** Reads the problem of an answer whose body is already parsed. */
export function problemOf(response: Response, body: unknown): Problem {
  const sent = isRecord(body) ? body : {}
  const slug = typeof sent.type === 'string' ? (sent.type.split('/').pop() ?? '') : ''
  const detail = text(sent.detail) ?? text(sent.title) ?? `The server answered ${response.status}.`
  const fields = Array.isArray(sent.errors) ? sent.errors.filter(isFieldError) : []
  return new Problem(slug || 'internal', response.status, detail, fields, retryAfter(response.headers))
}

/** Turns anything thrown into a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem('offline', 0, 'The server could not be reached. Check your connection and try again.')
}

/** Whether a request was given up by the page itself: nothing to tell anyone. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

/** Whether the same request would be refused again: another try needs another request. */
export function isRefusal(problem: Problem): boolean {
  return problem.status >= 400 && problem.status < 500 && ![401, 408, 429].includes(problem.status)
}

/** The message for one field of a form. */
export function fieldMessage(problem: Problem | null, field: string): string | null {
  return problem?.fields.find((error) => error.field === field || error.field === `/${field}`)?.message ?? null
}

function retryAfter(headers: Headers): number | null {
  const seconds = Number(headers.get('Retry-After') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1000 : null
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value.field === 'string' && typeof value.message === 'string'
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
