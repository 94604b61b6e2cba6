import {
  AppError,
  atAttribute,
  atRelationship,
  type ErrorSource,
  type Issue,
  pointerStep,
  violation,
} from '../errors.js'
import type { Attribute } from './define.js'
import { type Linked, readRelationships } from './linkage.js'
import { dataOf, isObject, type Json, malformed, member, type Purpose, readOnly, unknownField } from './members.js'
import { can, type Resource } from './registry.js'
import { canonical, checkValue } from './validate.js'

/** A checked request document: attributes, relationships as ids, and triggers that were set to true. */
export interface Draft {
  readonly attributes: Record<string, unknown>
  readonly relationships: Linked
  readonly triggers: readonly string[]
}

/** Problems that one answer tells; more help nobody and make a large answer out of a small request. */
const MAX_ISSUES = 50
const RESOURCE_MEMBERS = new Set(['type', 'id', 'lid', 'attributes', 'relationships', 'links', 'meta'])

function checkIdentity(resource: Resource, data: Json, expected: { id: string | undefined; purpose: Purpose }): void {
  const { id, purpose } = expected
  if (typeof data.type !== 'string') throw malformed('/data', 'The resource object has no "type".')
  if (data.type !== resource.type) {
    const detail = `The type "${data.type.slice(0, 64)}" does not belong here: "${resource.type}" is expected.`
    throw new AppError('type_mismatch', { detail, source: { pointer: '/data/type' } })
  }
  if (purpose === 'create') {
    if (data.id !== undefined) {
      throw new AppError('forbidden', {
        detail: 'Ids are made by the server; leave "id" out.',
        source: { pointer: '/data/id' },
      })
    }
    return
  }
  // The contract's user is patched without an id (CONTRACT 2.1): there is only one.
  if (data.id === undefined && resource.definition.singleton !== undefined) return
  if (typeof data.id !== 'string') throw malformed('/data', 'The resource object has no "id".')
  if (data.id !== id) {
    const detail = `The id "${data.id.slice(0, 64)}" is not the one in the URL.`
    throw new AppError('key_mismatch', { detail, source: { pointer: '/data/id' } })
  }
}

interface Checking {
  readonly resource: Resource
  readonly purpose: Purpose
  readonly issues: Issue[]
}

/** The rules of one attribute of the document; `undefined` when it is fine. */
function attributeIssue({ resource, purpose }: Checking, name: string, value: unknown): Issue | undefined {
  const attribute = resource.attributes.get(name)
  // The official client sends a relationship without an id as an attribute (CONTRACT 2.1).
  if (attribute === undefined && resource.relationships.has(name)) {
    return violation({ name, title: "can't be blank", error: 'blank', source: atRelationship(name) })
  }
  if (attribute === undefined) return unknownField(name, atAttribute(name))
  return can(attribute, purpose) ? checkValue(name, attribute, value) : readOnly(name, atAttribute(name), purpose)
}

function readAttributes(checking: Checking, data: Json) {
  const { resource, purpose, issues } = checking
  const attributes: Record<string, unknown> = {}
  const triggers: string[] = []
  for (const [name, value] of Object.entries(member(data, 'attributes'))) {
    const { triggers: known = {} } = resource.definition
    if (Object.hasOwn(known, name) && (purpose === 'update' || known[name]?.onCreate)) {
      if (typeof value !== 'boolean')
        issues.push(violation({ name, title: 'is not a boolean', error: 'not_a_boolean' }))
      else if (value) triggers.push(name)
      continue
    }
    const issue = attributeIssue(checking, name, value)
    if (issue !== undefined) issues.push(issue)
    else attributes[name] = canonical(resource.attributes.get(name) as Attribute, value)
  }
  return { attributes, triggers }
}

/** Required fields that were not sent, or were cleared, and that no other issue speaks of. */
function missing({ resource, purpose, issues }: Checking, draft: Omit<Draft, 'triggers'>): Issue[] {
  const reported = new Set(issues.map((issue) => JSON.stringify(issue.source)))
  const blank = (name: string, source: ErrorSource): Issue =>
    violation({ name, title: "can't be blank", error: 'blank', source })
  const attributes = [...resource.attributes.values()]
    .filter(({ name, options }) => purpose === 'create' && options.required === true && !(name in draft.attributes))
    .map(({ name }) => blank(name, atAttribute(name)))
  const relationships = [...resource.relationships.values()]
    .filter((relationship) => {
      const value = draft.relationships[relationship.name]
      const isBlank = value === null || (purpose === 'create' && value === undefined)
      return relationship.options.required === true && can(relationship, purpose) && isBlank
    })
    .map(({ name }) => blank(name, atRelationship(name)))
  return [...attributes, ...relationships].filter((issue) => !reported.has(JSON.stringify(issue.source)))
}

export interface DocumentOptions {
  readonly resource: Resource
  readonly purpose: Purpose
  /** The id in the URL, of an update. */
  readonly id?: string
  /** The JSON:API type that a relationship's target has. */
  readonly typeOf: (target: string) => string
}

/** Parses and checks the document of a create or an update; every problem is reported at once.
 *  @throws AppError malformed (400), type_mismatch / key_mismatch (409), forbidden (403), invalid (422). Source: JA-22, JA-25 */
export function parseDocument(options: DocumentOptions, body: unknown): Draft {
  const { resource, purpose, id, typeOf } = options
  const data = dataOf(body)
  if (!isObject(data)) throw malformed('/data', '"data" must be one resource object.')
  const unknown = Object.keys(data).find((name) => !RESOURCE_MEMBERS.has(name))
  if (unknown !== undefined)
    throw malformed(`/data/${pointerStep(unknown)}`, `"${unknown}" is not a member of a resource object.`)
  checkIdentity(resource, data, { id, purpose })
  const issues: Issue[] = []
  const checking = { resource, purpose, issues }
  const { attributes, triggers } = readAttributes(checking, data)
  const relationships = readRelationships(resource, data, { purpose, issues, typeOf })
  issues.push(...missing(checking, { attributes, relationships }))
  if (issues.length > 0) throw new AppError('invalid', { issues: issues.slice(0, MAX_ISSUES) })
  return { attributes, relationships, triggers }
}
