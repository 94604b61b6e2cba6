// CommonJS: Node finds its classes on the default export only.
import tsJapi, { type Serializer } from 'ts-japi'
import type { Row } from '../access/guarded.js'
import { groupBy } from './group.js'
import { type Resource, wanted } from './registry.js'
import type { Loaded } from './related.js'
import { createMemory, type Shape as Remembering, type Written } from './remembered.js'
import { createTail, ResourceObject } from './resource-object.js'

type Fields = ReadonlyMap<string, ReadonlySet<string>>
type Json = Record<string, unknown>

/** Turns loaded rows into JSON:API resource objects. */
export interface Serialize {
  resources(loaded: readonly Loaded[], fields: Fields): Promise<ResourceObject[]>
  /** As `resources`, of rows as they stand in the database (no secret that is shown once among them): what was written of
   *  the same values a moment ago is not written again. */
  listed(loaded: readonly Loaded[], fields: Fields): Promise<ResourceObject[]>
  selfLink(resource: Resource, id: string): string
}

interface Shape extends Remembering {
  readonly serializer: Serializer<Row>
  readonly constants: Json
  /** Writes what comes behind the attributes. */
  readonly tail: ReturnType<typeof createTail>
}

interface Data {
  readonly data: readonly Json[]
}

interface Options {
  readonly fields: Fields
  /** Whether the same may have been written before. */
  readonly again: boolean
}

const MAX_SHAPES = 500
const NONE: Loaded['links'] = new Map()

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
  const memory = createMemory()

  const selfLink = (resource: Resource, id: string): string =>
    resource.definition.singleton === undefined ? `${apiUrl}/${resource.name}/${id}` : `${apiUrl}/${resource.name}`

  function makeShape(resource: Resource, fields: Fields): Shape {
    const attributes = [...resource.attributes.values()].filter((one) => wanted(resource, fields, one.name))
    const columns = attributes.map((one) => one.name)
    const projection = Object.fromEntries(columns.map((column) => [column, 1 as const]))
    const serializer = new tsJapi.Serializer<Row>(resource.type, {
      version: null,
      cache,
      // ts-japi takes an empty projection for "all"; undefined is its word for "none".
      projection: attributes.length === 0 ? undefined : projection,
    })
    const unstored = attributes.filter(({ stored }) => !stored)
    const constants = Object.fromEntries(unstored.map((one) => [one.name, one.options.constant ?? null]))
    const relationships = [...resource.relationships.keys()].filter((one) => wanted(resource, fields, one))
    return { columns, serializer, constants, tail: createTail(relationships) }
  }

  function shapeOf(resource: Resource, fields: Fields): Shape {
    const chosen = fields.get(resource.type)
    const key = `${resource.name} ${chosen === undefined ? '*' : [...chosen].sort().join(',')}`
    const shape = shapes.get(key) ?? makeShape(resource, fields)
    if (shapes.size >= MAX_SHAPES) shapes.clear()
    shapes.set(key, shape)
    return shape
  }

  async function write(shape: Shape, resource: Resource, rows: readonly Row[]): Promise<Map<Row, Written>> {
    if (rows.length === 0) return new Map()
    const { serializer, constants, tail } = shape
    const { data } = (await serializer.serialize(rows.map((row) => ({ ...constants, ...row })))) as unknown as Data
    const written = rows.map((row, index): [Row, Written] => {
      const attributes = JSON.stringify(data[index]).slice(0, -1)
      const self = JSON.stringify(selfLink(resource, row.id)).slice(1, -1)
      const bare = new ResourceObject(row.id, [attributes, tail(self, NONE), '}'].join(''))
      return [row, { attributes, self, bare }]
    })
    return new Map(written)
  }

  async function ofOneKind(resource: Resource, loaded: readonly Loaded[], { fields, again }: Options) {
    const shape = shapeOf(resource, fields)
    const known = loaded.map(({ row }) => (again ? memory.of(shape, row) : undefined))
    const others = loaded.filter((_one, at) => known[at] === undefined).map(({ row }) => row)
    const written = await write(shape, resource, others)
    if (again) for (const [row, one] of written) memory.keep(shape, row, one)
    return loaded.map(({ row, links }, at) => {
      const { attributes, self, bare } = known[at] ?? (written.get(row) as Written)
      return links.size === 0 ? bare : new ResourceObject(row.id, `${attributes}${shape.tail(self, links)}}`)
    })
  }

  async function resources(loaded: readonly Loaded[], options: Options): Promise<ResourceObject[]> {
    const groups = groupBy(loaded, ({ resource }) => resource)
    const [only] = groups.keys()
    if (only !== undefined && groups.size === 1) return ofOneKind(only, loaded, options)
    const made = new Map<Loaded, ResourceObject>()
    for (const [resource, members] of groups) {
      const objects = await ofOneKind(resource, members, options)
      for (const [index, object] of objects.entries()) made.set(members[index] as Loaded, object)
    }
    return loaded.map((one) => made.get(one) as ResourceObject)
  }

  return {
    selfLink,
    resources: (loaded, fields) => resources(loaded, { fields, again: false }),
    listed: (loaded, fields) => resources(loaded, { fields, again: true }),
  }
}
