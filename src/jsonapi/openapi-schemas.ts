import type { Attribute } from './define.js'
import { type Json, ref } from './openapi-shared.js'
import { type CompiledRelationship, can, type Registry, type Resource } from './registry.js'

/** `api_credentials` → `ApiCredential`; singletons get their own name: `Organization` is taken, so `OrganizationFace`. */
export function schemaName({ name, type, definition }: Resource): string {
  const words = (
    definition.singleton === undefined ? type.replace(/s$/, '') : `${name}_${name === 'user' ? 'self' : 'face'}`
  ).split('_')
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

const TYPES: Readonly<Record<Attribute['kind'], Json>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  datetime: { type: 'string', format: 'date-time' },
  object: { type: 'object' },
  list: { type: 'array', items: { type: 'string' } },
}

const FORMATS: Readonly<Record<string, string>> = { email: 'email', url: 'uri', redirect_uri: 'uri' }

/** Bounds that a written value must keep; answers may hold older values, so they say the kind only. */
function bounds({ kind, options }: Attribute): Json {
  const { min, max, format } = options
  if (kind === 'string') {
    const length = { ...(min === undefined ? {} : { minLength: min }), maxLength: max ?? 255 }
    return { ...length, ...(format !== undefined && FORMATS[format] ? { format: FORMATS[format] } : {}) }
  }
  return { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) }
}

/** The schema of one attribute's value, as it is written or as it is answered. */
export function attributeSchema(attribute: Attribute, written: boolean): Json {
  const { kind, values, options } = attribute
  const base = TYPES[kind]
  const nullable = options.nullable === true
  return {
    ...base,
    ...(nullable ? { type: [base.type, 'null'] } : {}),
    ...(values === undefined ? {} : { enum: nullable ? [...values, null] : [...values] }),
    ...(written ? bounds(attribute) : {}),
    ...(written && options.default !== undefined ? { default: options.default } : {}),
    description: options.doc,
    ...(options.example === undefined ? {} : { examples: [options.example] }),
  }
}

function attributesSchema(resource: Resource, what: 'read' | 'create' | 'update'): Json {
  const chosen = [...resource.attributes.values()].filter((attribute) => can(attribute, what))
  const properties: Json = Object.fromEntries(chosen.map((one) => [one.name, attributeSchema(one, what !== 'read')]))
  for (const [name, { doc, onCreate }] of Object.entries(resource.definition.triggers ?? {})) {
    if (what === 'update' || (what === 'create' && onCreate)) {
      properties[name] = { type: 'boolean', description: `Trigger. ${doc}` }
    }
  }
  const required = what === 'create' ? chosen.filter(({ options }) => options.required).map(({ name }) => name) : []
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false }
}

const identifier = (type: string): Json => ({
  type: 'object',
  properties: { type: { const: type }, id: ref('Id') },
  required: ['type', 'id'],
})

function linkage(relationship: CompiledRelationship, type: string, nullable: boolean): Json {
  const one = identifier(type)
  if (relationship.many) return { type: 'array', items: one }
  return nullable ? { oneOf: [one, { type: 'null' }] } : one
}

function readRelationships(resource: Resource, registry: Registry): Json {
  const properties = [...resource.relationships.values()]
    .filter((one) => can(one, 'read'))
    .map((one) => {
      const data = linkage(one, registry.get(one.target).type, true)
      const schema = {
        type: 'object',
        description: one.options.doc,
        properties: { links: ref('RelationshipLinks'), data },
        required: ['links'],
        additionalProperties: false,
      }
      return [one.name, schema]
    })
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false }
}

function writtenRelationships(resource: Resource, registry: Registry, what: 'create' | 'update'): Json | undefined {
  const chosen = [...resource.relationships.values()].filter((one) => can(one, what))
  if (chosen.length === 0) return undefined
  const properties = chosen.map((one) => {
    const data = linkage(one, registry.get(one.target).type, one.options.required !== true)
    return [one.name, { type: 'object', description: one.options.doc, properties: { data }, required: ['data'] }]
  })
  const required = what === 'create' ? chosen.filter(({ options }) => options.required).map(({ name }) => name) : []
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  }
}

function resourceObject(resource: Resource, registry: Registry): Json {
  const related = resource.relationships.size > 0
  return {
    type: 'object',
    description: resource.definition.doc,
    properties: {
      type: { const: resource.type },
      id: ref('Id'),
      links: { type: 'object', properties: { self: { type: 'string', format: 'uri' } }, required: ['self'] },
      attributes: attributesSchema(resource, 'read'),
      ...(related ? { relationships: readRelationships(resource, registry) } : {}),
    },
    required: ['type', 'id', 'links'],
    additionalProperties: false,
  }
}

function writtenDocument(resource: Resource, registry: Registry, what: 'create' | 'update'): Json {
  const relationships = writtenRelationships(resource, registry, what)
  const idLess = what === 'create' || resource.definition.singleton !== undefined
  const attributes = attributesSchema(resource, what)
  const needsAttributes = 'required' in attributes
  const needs = [
    ...(needsAttributes ? ['attributes'] : []),
    ...(relationships !== undefined && 'required' in relationships ? ['relationships'] : []),
  ]
  const data = {
    type: 'object',
    properties: {
      type: { const: resource.type },
      ...(what === 'create' ? {} : { id: ref('Id') }),
      attributes,
      ...(relationships === undefined ? {} : { relationships }),
    },
    required: ['type', ...(idLess ? [] : ['id']), ...needs],
    additionalProperties: false,
  }
  return { type: 'object', properties: { data }, required: ['data'] }
}

/** Schemas of one resource: the object, its two documents, and what may be written. */
export function resourceSchemas(resource: Resource, registry: Registry): Json {
  const name = schemaName(resource)
  const { verbs } = resource.definition
  const document = {
    type: 'object',
    properties: { data: ref(name), included: ref('Included') },
    required: ['data'],
    additionalProperties: false,
  }
  const collection = {
    type: 'object',
    properties: {
      data: { type: 'array', items: ref(name) },
      included: ref('Included'),
      meta: ref('PageMeta'),
      links: ref('PageLinks'),
    },
    required: ['data', 'meta', 'links'],
    additionalProperties: false,
  }
  return {
    [name]: resourceObject(resource, registry),
    [`${name}Document`]: document,
    ...(resource.definition.singleton === undefined ? { [`${name}Collection`]: collection } : {}),
    ...(verbs.create === undefined ? {} : { [`${name}Create`]: writtenDocument(resource, registry, 'create') }),
    ...(verbs.update === undefined ? {} : { [`${name}Update`]: writtenDocument(resource, registry, 'update') }),
  }
}
