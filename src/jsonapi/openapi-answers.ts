import { headersOf } from '../limits/openapi.js'
import type { Json } from './openapi-shared.js'

/** The media type of every document. */
export const MEDIA_TYPE = 'application/vnd.api+json'

/** A body of one of the document's schemas. */
export const content = (schema: string): Json => ({
  [MEDIA_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } },
})

interface AnswerOptions {
  /** The schema of the body, if it has one. */
  readonly schema?: string
  /** Names of header components that it carries, beside those of limits. */
  readonly headers?: readonly string[]
}

/** An answer of the API. */
export const answer = (description: string, { schema, headers = [] }: AnswerOptions = {}): Json => ({
  description,
  headers: headersOf(...headers),
  ...(schema === undefined ? {} : { content: content(schema) }),
})

/** A reference to one of the shared answers. */
export const shared = (name: string): Json => ({ $ref: `#/components/responses/${name}` })

/** Headers of the API's own, as shared components. */
export const answerHeaders: Json = {
  ETag: {
    description: 'The state of the resource that is shown, to be sent back in `If-Match`.',
    schema: { type: 'string', examples: ['"enWoxFMOnp-mk2x8t5z"'] },
  },
  Location: { description: 'Where the new resource is.', schema: { type: 'string', format: 'uri' } },
  'Idempotency-Replayed': {
    description: 'Sent where this is the answer that an earlier request with this `Idempotency-Key` got.',
    schema: { type: 'string', enum: ['true'] },
  },
}

/** Answers that are the same everywhere. */
export const sharedAnswers: Json = {
  Linkage: answer('The linkage.', { schema: 'Linkage' }),
  Deleted: answer('Deleted.'),
  DeletedWithMeta: answer('Deleted; `meta` tells more.', { schema: 'Meta' }),
  PreconditionFailed: answer('The resource is not in a state that `If-Match` names; `ETag` is the present one.', {
    schema: 'Errors',
    headers: ['ETag'],
  }),
  TooManyRequests: answer('A limit is used up.', { schema: 'Errors', headers: ['Retry-After'] }),
  Refused: answer('Refused; `errors` says why and how to repair it.', { schema: 'Errors' }),
  Failed: answer('Our fault, or we are busy: 503 says when to come again.', {
    schema: 'Errors',
    headers: ['Retry-After'],
  }),
}

/** What every operation may answer besides. */
export const refusals: Json = { '429': shared('TooManyRequests'), '4XX': shared('Refused'), '5XX': shared('Failed') }
