/** The typed client of the API: what is generated from its OpenAPI document, with the session's token. */
import createClient from 'openapi-fetch'
import { authorized } from '../session/session'
import { asProblem, isAborted, problemOf } from './problem'
import type { paths } from './schema'

export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorized })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The body of a good answer. Any other is thrown as a `Problem`. */
export async function body<T>(request: Promise<Answer<T>>): Promise<T> {
  const answer = await settled(request)
  return answer.data as T
}

/** Waits for an answer without a body. Anything but a good one is thrown as a `Problem`. */
export async function done(request: Promise<Answer<unknown>>): Promise<void> {
  await settled(request)
}

async function settled<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>
  try {
    answer = await request
  } catch (error) {
    throw isAborted(error) ? error : asProblem(error)
  }
  if (!answer.response.ok) throw problemOf(answer.response, answer.error)
  return answer
}
