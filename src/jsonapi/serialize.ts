// CommonJS: Node finds its classes on the default export only.
import tsJapi, { type Serializer } from 'ts-japi'
import type { Row } from '../access/guarded.js'
import { groupBy } from './group.js'
import { type Resource, wanted } from './registry.js'
import type { Loaded } from './related.js'

type Fields = ReadonlyMap<string, ReadonlySet<string>>
type Json = Record<string, unknown>

/** Linkage of one related row. */
const identifier = ({ resource, row }: Loaded): Json => ({ type: resource.type, id: row.id })

/** Turns loaded rows into JSON:API resource objects. */
export interface Serialize {
  resources(loaded: readonly Loaded[], fields: Fields): Promise<Json[]>
  selfLink(resource: Resource, id: string): string
}

interface Shape {
  readonly serializer: Serializer<Row>
  readonly constants: Json
  readonly relationships: readonly string[]
}

const MAX_SHAPES = 500

/** Makes the serializer of a deployment. ts-japi builds the resource objects; links and relationships are attached
 *  here: ts-japi parses each link as a URL, and its relators run once a row and cost four times the rest (PERFORMANCE 4). One ts-japi serializer a shape. */
export function createSerialize(apiUrl: string): Serialize {
  const shapes = new Map<string, Shape>()

  const selfLink = (resource: Resource, id: string): string =>
    resource.definition.singleton === undefined ? `${apiUrl}/${resource.name}/${id}` : `${apiUrl}/${resource.name}`

  function makeShape(resource: Resource, fields: Fields): Shape {
    const attributes = [...resource.attributes.values()].filter(({ name }) => wanted(resource, fields, name))
    const projection = Object.fromEntries(attributes.map(({ name }) => [name, 1 as const]))
    const serializer = new tsJapi.Serializer<Row>(resource.type, {
      version: null,
      // ts-japi takes an empty projection for "all"; undefined is its word for "none".
      projection: attributes.length === 0 ? undefined : projection,
    })
    const unstored = attributes.filter(({ stored }) => !stored)
    const constants = Object.fromEntries(unstored.map(({ name, options }) => [name, options.constant ?? null]))
    const names = [...resource.relationships.keys()].filter((name) => wanted(resource, fields, name))
    return { serializer, constants, relationships: names }
  }

  function shapeOf(resource: Resource, fields: Fields): Shape {
    const chosen = fields.get(resource.type)
    const key = `${resource.name} ${chosen === undefined ? '*' : [...chosen].sort().join(',')}`
    const shape = shapes.get(key) ?? makeShape(resource, fields)
    if (shapes.size >= MAX_SHAPES) shapes.clear()
    shapes.set(key, shape)
    return shape
  }

  function relationshipsOf(loaded: Loaded, names: readonly string[]): Json {
    const self = selfLink(loaded.resource, loaded.row.id)
    const members: Json = {}
    for (const name of names) {
      const links = { self: `${self}/relationships/${name}`, related: `${self}/${name}` }
      const related = loaded.links.get(name)
      if (related === undefined) members[name] = { links }
      else {
        const data = related === null ? null : 'row' in related ? identifier(related) : related.map(identifier)
        members[name] = { links, data }
      }
    }
    return members
  }

  async function ofOneKind(resource: Resource, loaded: readonly Loaded[], fields: Fields): Promise<Json[]> {
    const { serializer, constants, relationships } = shapeOf(resource, fields)
    const rows = loaded.map(({ row }) => ({ ...constants, ...row }))
    const { data } = (await serializer.serialize(rows)) as unknown as { data: Json[] }
    return data.map((one, index) => {
      const origin = loaded[index]
      if (origin === undefined) return one
      const links = { self: selfLink(resource, origin.row.id) }
      if (relationships.length === 0) return { ...one, links }
      return { ...one, links, relationships: relationshipsOf(origin, relationships) }
    })
  }

  return {
    selfLink,
    async resources(loaded, fields) {
      const groups = groupBy(loaded, ({ resource }) => resource)
      const made = new Map<Loaded, Json>()
      for (const [resource, members] of groups) {
        const objects = await ofOneKind(resource, members, fields)
        members.forEach((member, index) => {
          made.set(member, objects[index] ?? {})
        })
      }
      return loaded.map((one) => made.get(one) ?? {})
    },
  }
}
