import { AppError, atRelationship, type Issue, violation } from '../errors.js'
import { ID_PATTERN } from '../ids.js'
import { isObject, type Json, malformed, member, type Purpose, readOnly, unknownField } from './members.js'
import { type CompiledRelationship, can, type Resource } from './registry.js'

/** Relationships of a document, by name: the id of a to-one target (or null), the ids of to-many ones. */
export type Linked = Record<string, string | null | string[]>

interface Linking {
  readonly purpose: Purpose
  /** Faults that do not keep us from reading on; more are added. */
  readonly issues: Issue[]
  /** The JSON:API type that a relationship's target has. */
  readonly typeOf: (target: string) => string
}

function identified(
  relationship: CompiledRelationship,
  type: string,
  { one, at }: { one: unknown; at: string },
): string {
  if (!isObject(one) || typeof one.type !== 'string' || typeof one.id !== 'string') {
    throw malformed(at, 'A resource identifier is an object with the strings "type" and "id".')
  }
  if (one.type !== type) {
    const source = { pointer: `${at}/type` }
    const issue = violation({ name: relationship.name, title: `must be of type ${type}`, error: 'invalid', source })
    throw new AppError('invalid', { issues: [issue] })
  }
  if (!ID_PATTERN.test(one.id)) {
    const detail = 'The related record does not exist, or you may not see it.'
    throw new AppError('not_found', { detail, source: { pointer: at } })
  }
  return one.id
}

/** Resources that one document may link to along one relationship. */
export const MOST_LINKED = 1000

function readLinkage(relationship: CompiledRelationship, type: string, linkage: unknown): Linked[string] {
  const pointer = `/data/relationships/${relationship.name}/data`
  const idOf = (one: unknown, at: string): string => identified(relationship, type, { one, at })
  if (!relationship.many) return linkage === null ? null : idOf(linkage, pointer)
  if (!Array.isArray(linkage)) throw malformed(pointer, 'The linkage of a to-many relationship is an array.')
  if (linkage.length > MOST_LINKED) {
    const title = `is too long (maximum is ${MOST_LINKED} resource identifiers)`
    const fault = {
      name: relationship.name,
      title,
      error: 'too_long',
      source: { pointer },
      meta: { count: MOST_LINKED },
    }
    throw new AppError('invalid', { issues: [violation(fault)] })
  }
  return [...new Set(linkage.map((one, index) => idOf(one, `${pointer}/${index}`)))]
}

/** Reads the relationships of a resource object.
 *  @throws AppError malformed / invalid / not_found with a pointer to the linkage; forbidden for replacing a to-many one */
export function readRelationships(resource: Resource, data: Json, { purpose, issues, typeOf }: Linking): Linked {
  const linked: Linked = {}
  for (const [name, value] of Object.entries(member(data, 'relationships'))) {
    const relationship = resource.relationships.get(name)
    const source = atRelationship(name)
    if (relationship === undefined) issues.push(unknownField(name, source))
    else if (!can(relationship, purpose)) {
      if (purpose === 'update' && relationship.many) {
        throw new AppError('forbidden', { detail: `${name} cannot be replaced.`, source })
      }
      issues.push(readOnly(name, source, purpose))
    } else if (!isObject(value) || !('data' in value)) {
      throw malformed(`/data/relationships/${name}`, 'A relationship is an object with the member "data".')
    } else linked[name] = readLinkage(relationship, typeOf(relationship.target), value.data)
  }
  return linked
}
