import { describe, expect, it } from 'vitest'
import { asProblem, fieldMessage, isRefusal, Problem, problemOf } from '../src/api/problem'
import { traceparent } from '../src/api/trace'

describe('a problem', () => {
  it('is known by the last part of its type', () => {
    const body = { type: '/problems/rate-limited', title: 'Too fast', status: 429, detail: 'Wait a little.' }
    const problem = problemOf(new Response(null, { status: 429, headers: { 'Retry-After': '7' } }), body)

    expect(problem).toMatchObject({ slug: 'rate-limited', status: 429, message: 'Wait a little.', retryAfterMs: 7_000 })
  })

  it('says which field was refused', () => {
    const errors = [{ field: 'name', message: 'is too short' }, { bad: 1 }]
    const problem = problemOf(new Response(null, { status: 422 }), { type: '/problems/invalid-fields', errors })

    expect(fieldMessage(problem, 'name')).toBe('is too short')
    expect(fieldMessage(problem, 'city')).toBeNull()
  })

  it('can be read when a proxy answered with a page', () => {
    expect(problemOf(new Response(null, { status: 502 }), '<html>').message).toBe('The server answered 502.')
  })

  it('is final when the same request would meet it again', () => {
    const final = [401, 404, 409, 415, 429, 500, 503, 0].filter((status) => isRefusal(new Problem('', status, '')))

    expect(final).toEqual([404, 409, 415])
  })

  it('is made of anything thrown', () => {
    expect(asProblem(new TypeError('Failed to fetch')).slug).toBe('offline')
  })
})

describe('a trace', () => {
  it('is named as the standard says', () => {
    expect(traceparent()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })
})
