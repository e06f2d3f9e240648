import { readFileSync } from 'node:fs'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import { expect, it } from 'vitest'

it('the types of the API are those that its document gives', async () => {
  const document = new URL('../../openapi.json', import.meta.url)
  const written = readFileSync(new URL('../src/api/schema.d.ts', import.meta.url), 'utf8')

  const generated = `${COMMENT_HEADER}${astToString(await openapiTS(document))}`

  expect(written, 'run `npm run generate`').toBe(generated)
})
