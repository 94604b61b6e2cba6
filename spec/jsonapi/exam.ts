import type { Body } from '../support/api.js'

// JSON:API 1.1, "Document Structure", as a function that any answer can be put through. It throws at the first fault.

const MEMBER = /^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$/
/** The contract's triggers begin with an underscore; no member of an answer does. */
const isIdentifier = (one: Body): boolean =>
  typeof one === 'object' && typeof one.type === 'string' && typeof one.id === 'string' && one.id !== ''

function must(holds: unknown, id: string, what: unknown): void {
  if (!holds) throw new Error(`${id}: ${JSON.stringify(what)?.slice(0, 500)}`)
}

function examineLinks(links: Body): void {
  for (const link of Object.values(links))
    must(link === null || URL.canParse(String(link)), 'JA-10 a link is a URL', link)
}

function examineRelationship(relationship: Body): void {
  must('links' in relationship || 'data' in relationship || 'meta' in relationship, 'JA-09 has a member', relationship)
  if ('links' in relationship) examineLinks(relationship.links)
  const { data } = relationship
  if (data === undefined || data === null) return
  must(Array.isArray(data) ? data.every(isIdentifier) : isIdentifier(data), 'JA-09 linkage', relationship)
  const keys = new Set([data].flat().flatMap(Object.keys))
  must(
    [...keys].every((key) => ['type', 'id'].includes(key)),
    'JA-09 identifiers only',
    relationship,
  )
}

function examineNames(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const name of Object.keys(value)) must(MEMBER.test(name), 'JA-13 member name', name)
}

/** One resource object. */
export function examineResource(resource: Body): void {
  must(isIdentifier(resource), 'JA-08 type and id are strings', resource)
  const { attributes = {}, relationships = {} } = resource
  examineNames(attributes)
  examineNames(relationships)
  const names = [...Object.keys(attributes), ...Object.keys(relationships)]
  must(new Set(names).size === names.length, 'JA-08 one namespace', names)
  must(!names.includes('type') && !names.includes('id'), 'JA-08 no field is called type or id', names)
  must(!Object.keys(attributes).some((name) => /_id$/.test(name) && !ALLOWED_IDS.has(name)), 'JA-12 foreign key', names)
  must(URL.canParse(resource.links?.self), 'JA-10 links.self', resource)
  for (const relationship of Object.values(relationships)) examineRelationship(relationship)
}

/** Names that end in _id without being a key of another resource of this API. */
const ALLOWED_IDS = new Set(['client_id', 'resource_id', 'request_id', 'gtm_id'])

const keyOf = ({ type, id }: Body): string => `${type} ${id}`

function examineIncluded(document: Body): void {
  const primary: Body[] = [document.data].flat().filter(Boolean)
  const all = [...primary, ...document.included]
  must(new Set(all.map(keyOf)).size === all.length, 'JA-11 no duplicates', all.map(keyOf))
  const byKey = new Map(all.map((one) => [keyOf(one), one]))
  const reached = new Set(primary.map(keyOf))
  for (const key of reached) {
    const relationships: Body[] = Object.values(byKey.get(key)?.relationships ?? {})
    for (const linked of relationships.flatMap(({ data }) => data ?? [])) {
      if (byKey.has(keyOf(linked))) reached.add(keyOf(linked))
    }
  }
  must(
    reached.size === all.length,
    'JA-11 full linkage',
    all.map(keyOf).filter((key) => !reached.has(key)),
  )
}

/** A whole document. */
export function examine(document: Body): void {
  must('data' in document || 'errors' in document || 'meta' in document, 'JA-06 has a member', document)
  must(!('data' in document && 'errors' in document), 'JA-06 data or errors', document)
  must(!('included' in document) || 'data' in document, 'JA-06 included without data', document)
  const known = ['data', 'errors', 'meta', 'links', 'jsonapi', 'included']
  must(
    Object.keys(document).every((name) => known.includes(name)),
    'JA-06 unknown member',
    Object.keys(document),
  )
  if (document.links) examineLinks(document.links)
  const resources: Body[] = [document.data, document.included]
    .flat()
    .filter((one) => one?.attributes || one?.relationships)
  for (const resource of resources) examineResource(resource)
  if (document.included) examineIncluded(document)
}
