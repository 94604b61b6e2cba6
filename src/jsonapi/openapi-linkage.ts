import { MOST_LINKED } from './linkage.js'
import { answer, body, operation } from './openapi-operations.js'
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
  const make = (verb: string, words: string): Json =>
    operation({
      id: `${verb}_${resource.name}_${name}_linkage`,
      summary: `${words} ${name}`,
      tag: resource.name,
      requestBody,
      answers: { '200': answer('The linkage as it is now.', 'Linkage') },
    })
  const patch = make('replace', 'Replace')
  if (!relationship.many) return { patch }
  return { patch, post: make('add_to', 'Add to'), delete: make('remove_from', 'Take from') }
}
