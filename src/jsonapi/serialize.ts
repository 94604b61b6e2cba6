// CommonJS: Node finds its classes on the default export only.
import tsJapi, { type Serializer } from 'ts-japi'
import type { Row } from '../access/guarded.js'
import { groupBy } from './group.js'
import { type Resource, wanted } from './registry.js'
import type { Loaded } from './related.js'
import { createTail, ResourceObject } from './resource-object.js'

type Fields = ReadonlyMap<string, ReadonlySet<string>>
type Json = Record<string, unknown>

/** Turns loaded rows into JSON:API resource objects. */
export interface Serialize {
  resources(loaded: readonly Loaded[], fields: Fields): Promise<ResourceObject[]>
  selfLink(resource: Resource, id: string): string
}

interface Shape {
  readonly serializer: Serializer<Row>
  readonly constants: Json
  /** Writes what comes behind the attributes. */
  readonly tail: ReturnType<typeof createTail>
}

const MAX_SHAPES = 500

/** ts-japi would keep the last documents of each serializer: nobody asks for them again, and secrets that are shown once
 *  are among them. */
class NoCache extends tsJapi.Cache<Row> {
  override get(): false {
    return false
  }
  override set<Document>(_data: unknown, document: Document): Document {
    return document
  }
}
const cache = new NoCache()

/** Makes the serializer of a deployment. ts-japi builds the resource objects, one serializer a shape; links and relationships
 *  are attached here: ts-japi parses each link as a URL, and its relators run once a row and cost four times the rest
 *  (PERFORMANCE 4). */
export function createSerialize(apiUrl: string): Serialize {
  const shapes = new Map<string, Shape>()

  const selfLink = (resource: Resource, id: string): string =>
    resource.definition.singleton === undefined ? `${apiUrl}/${resource.name}/${id}` : `${apiUrl}/${resource.name}`

  function makeShape(resource: Resource, fields: Fields): Shape {
    const attributes = [...resource.attributes.values()].filter(({ name }) => wanted(resource, fields, name))
    const projection = Object.fromEntries(attributes.map(({ name }) => [name, 1 as const]))
    const serializer = new tsJapi.Serializer<Row>(resource.type, {
      version: null,
      cache,
      // ts-japi takes an empty projection for "all"; undefined is its word for "none".
      projection: attributes.length === 0 ? undefined : projection,
    })
    const unstored = attributes.filter(({ stored }) => !stored)
    const constants = Object.fromEntries(unstored.map(({ name, options }) => [name, options.constant ?? null]))
    const names = [...resource.relationships.keys()].filter((name) => wanted(resource, fields, name))
    return { serializer, constants, tail: createTail(names) }
  }

  function shapeOf(resource: Resource, fields: Fields): Shape {
    const chosen = fields.get(resource.type)
    const key = `${resource.name} ${chosen === undefined ? '*' : [...chosen].sort().join(',')}`
    const shape = shapes.get(key) ?? makeShape(resource, fields)
    if (shapes.size >= MAX_SHAPES) shapes.clear()
    shapes.set(key, shape)
    return shape
  }

  async function ofOneKind(resource: Resource, loaded: readonly Loaded[], fields: Fields): Promise<ResourceObject[]> {
    const { serializer, constants, tail } = shapeOf(resource, fields)
    const rows = loaded.map(({ row }) => ({ ...constants, ...row }))
    const { data } = (await serializer.serialize(rows)) as unknown as { data: Json[] }
    return loaded.map(({ row: { id }, links }, index) => {
      const object = JSON.stringify(data[index])
      const self = JSON.stringify(selfLink(resource, id)).slice(1, -1)
      return new ResourceObject(id, `${object.slice(0, -1)}${tail(self, links)}}`)
    })
  }

  return {
    selfLink,
    async resources(loaded, fields) {
      const groups = groupBy(loaded, ({ resource }) => resource)
      const made = new Map<Loaded, ResourceObject>()
      for (const [resource, members] of groups) {
        const objects = await ofOneKind(resource, members, fields)
        for (const [index, object] of objects.entries()) made.set(members[index] as Loaded, object)
      }
      return loaded.map((one) => made.get(one) as ResourceObject)
    },
  }
}
