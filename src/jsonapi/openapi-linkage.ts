import { MOST_LINKED } from './linkage.js'
import { answer, shared } from './openapi-answers.js'
import { body, operation } from './openapi-operations.js'
import type { Json } from './openapi-shared.js'
import { can, type Resource } from './registry.js'

const identifier: Json = {
  type: 'object',
  properties: { type: { type: 'string' }, id: { type: 'string' } },
  required: ['type', 'id'],
}

const document = (data: Json): Json => ({ type: 'object', properties: { data }, required: ['data'] })

/** Bodies of requests that change a linkage. */
export const linkageSchemas: Json = {
  LinkageUpdate: document({ oneOf: [identifier, { type: 'null' }] }),
  LinkageListUpdate: document({ type: 'array', items: identifier, maxItems: MOST_LINKED }),
}

/** How the linkage of a relationship may be changed, if it may. */
export function relinkOperations(resource: Resource, name: string): Json {
  const relationship = resource.relationships.get(name)
  if (relationship === undefined || !can(relationship, 'update')) return {}
  const requestBody = body(relationship.many ? 'LinkageListUpdate' : 'LinkageUpdate')
  const make = (method: 'patch' | 'post' | 'delete', verb: string, words: string): Json => ({
    [method]: operation({
      id: `${verb}_${resource.name}_${name}_linkage`,
      summary: `${words} ${name}`,
      tag: resource.name,
      requestBody,
      conditional: true,
      repeatable: method === 'post',
      answers: {
        '200':
          method === 'post'
            ? answer('The linkage as it is now.', { schema: 'Linkage', headers: ['Idempotency-Replayed'] })
            : shared('Linkage'),
      },
    }),
  })
  const replace = make('patch', 'replace', 'Replace')
  if (!relationship.many) return replace
  return { ...replace, ...make('post', 'add_to', 'Add to'), ...make('delete', 'remove_from', 'Take from') }
}
