type Json = Record<string, unknown>

const count = (description: string): Json => ({ description, schema: { type: 'integer', minimum: 0 } })
const field = (description: string, example: string): Json => ({
  description,
  schema: { type: 'string', examples: [example] },
})

/** The headers that tell of limits, as the OpenAPI document's shared components. Source: CONTRACT 8 */
export const limitHeaderComponents: Json = {
  'X-Ratelimit-Limit': count(
    'Requests that the average limit of an address allows in an interval; in a 429, those of the limit that refused. ' +
      'Without limits (`RATE_LIMITS=off`) neither this nor the others are sent.',
  ),
  'X-Ratelimit-Interval': count('Seconds of that interval, which begins with the first request.'),
  'X-Ratelimit-Remaining': count('Requests that are left of it.'),
  'RateLimit-Policy': field(
    'Each limit that was asked, as the IETF draft has it; in a 429, the one that refused.',
    '"read";q=1000;w=60, "read_burst";q=250;w=10',
  ),
  RateLimit: field(
    'How each of them stands: what is left, and seconds until all is free again.',
    '"read";r=999;t=60, "read_burst";r=249;t=10',
  ),
  'Retry-After': count('Seconds to wait before the request is sent again. With every 429 and 503.'),
}

const named = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

const AVERAGE = ['X-Ratelimit-Limit', 'X-Ratelimit-Interval', 'X-Ratelimit-Remaining']
const DRAFT = ['RateLimit-Policy', 'RateLimit']

/** Headers of an answer, by their components: the given ones, and those of limits that every answer carries. */
export const headersOf = (...own: string[]): Json => named([...own, ...AVERAGE, ...DRAFT])
