import { AppError, atAttribute, type Issue, violation } from '../errors.js'
import type { Attribute } from './define.js'
import { dataOf, isObject, malformed, member, unknownField } from './members.js'
import { canonical, checkValue } from './validate.js'

/** The input of an action: attributes in a resource object, or bare in `data` as the contract's command line sends them.
 *  An empty or absent body is fine where nothing is required. Source: CONTRACT 2.1 */
export function parseAction(attributes: Readonly<Record<string, Attribute>>, body: unknown): Record<string, unknown> {
  const data = body === undefined ? {} : (dataOf(body) ?? {})
  if (!isObject(data)) throw malformed('/data', '"data" must be an object.')
  const { type: _type, id: _id, relationships: _relationships, ...bare } = data
  const given = 'attributes' in data ? member(data, 'attributes') : bare
  const issues: Issue[] = []
  const input: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined
    const issue = attribute === undefined ? unknownField(name, atAttribute(name)) : checkValue(name, attribute, value)
    if (issue !== undefined) issues.push(issue)
    else input[name] = canonical(attribute as Attribute, value)
  }
  for (const [name, { options }] of Object.entries(attributes)) {
    if (options.required && !Object.hasOwn(given, name))
      issues.push(violation({ name, title: "can't be blank", error: 'blank' }))
  }
  if (issues.length > 0) throw new AppError('invalid', { issues })
  return input
}

/** `meta` of a delete's body, if there is one. */
export function parseMeta(body: unknown): Record<string, unknown> {
  if (body === undefined) return {}
  if (!isObject(body) || !isObject(body.meta ?? {}))
    throw malformed('', 'The body of a delete is an object with the member "meta".')
  const { meta } = body
  return isObject(meta) ? meta : {}
}
