import { newId } from '../../src/ids.js'
import type { Attribute } from '../../src/jsonapi/define.js'
import { can, type Registry, type Resource } from '../../src/jsonapi/registry.js'
import { type Body, type Owner, resource } from './api.js'

/** A value that a definition accepts for an attribute. */
export function sampleValue({ kind, values, options }: Attribute): unknown {
  if (options.format === 'email') return `${newId().toLowerCase()}@example.com`
  if (values !== undefined) return values[0]
  if (options.example !== undefined) return options.example
  return {
    string: 'sample',
    integer: options.min ?? 1,
    number: 1,
    boolean: true,
    datetime: new Date().toISOString(),
    object: {},
    list: [],
  }[kind]
}

/** One row of every type in one organization, by resource name. */
export type Fixtures = ReadonlyMap<string, string>

type Links = Record<string, [string, string]>

/** Relationships that a sample has although its definition does not require them: one of several is needed, or the sample
 *  would not say whose it is. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  application_memberships: ['membership'],
  identity_providers: ['owner_organization'],
}

/** Attributes that must differ from those of every other organization. */
const FRESH: Readonly<Record<string, () => Record<string, unknown>>> = {
  identity_providers: () => ({ name: `Sample ${newId()}` }),
}

const needed = (target: Resource, { name, options }: { name: string; options: { required?: boolean } }): boolean =>
  options.required === true || (ALSO[target.name] ?? []).includes(name)

/** The body of a create of a resource in the organization of some fixtures: its required attributes and relationships. */
export function sampleDocument(registry: Registry, target: Resource, fixtures: Fixtures): Body {
  const required = [...target.attributes.values()].filter(
    ({ options }) => options.required && options.can.includes('create'),
  )
  const attributes = Object.fromEntries(required.map((one) => [one.name, sampleValue(one)]))
  const links: Links = {}
  for (const one of target.relationships.values()) {
    const { name, target: to, options } = one
    if (needed(target, one) && options.can.includes('create'))
      links[name] = [registry.get(to).type, fixtures.get(to) ?? '']
  }
  return resource(target.type, { ...attributes, ...FRESH[target.name]?.() }, links)
}

/** Makes a row of every listed type through the API, generated from the definitions: a new type needs no line here. */
export async function makeFixtures(registry: Registry, owner: Owner): Promise<Fixtures> {
  const fixtures = new Map([['organizations', owner.organizationId]])
  const waiting = [...registry.resources.values()].filter(
    ({ name, definition }) => definition.singleton === undefined && name !== 'organizations',
  )
  while (waiting.length > 0) {
    const index = waiting.findIndex((one) =>
      [...one.relationships.values()].every(
        (link) => !needed(one, link) || !link.options.can.includes('create') || fixtures.has(link.target),
      ),
    )
    const [next] = waiting.splice(index, 1)
    if (index === -1 || next === undefined)
      throw new Error(`no order in which to make ${waiting.map(({ name }) => name).join(', ')}`)
    if (next.definition.verbs.create === undefined) {
      const listed = await owner.get(`/${next.name}?page[size]=1`)
      fixtures.set(next.name, listed.body.data[0].id)
    } else {
      const made = await owner.post(`/${next.name}`, sampleDocument(registry, next, fixtures))
      if (made.status !== 201) throw new Error(`${next.name}: ${JSON.stringify(made.body)}`)
      fixtures.set(next.name, made.body.data.id)
    }
  }
  return fixtures
}

/** Collections of the registry. */
export const collections = (registry: Registry): Resource[] =>
  [...registry.resources.values()].filter(({ definition }) => definition.singleton === undefined)

/** To-one relationships that an update may change. */
export const changeableLinks = (target: Resource) =>
  [...target.relationships.values()].filter((one) => !one.many && can(one, 'update'))
