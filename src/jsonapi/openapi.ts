import { limitHeaderComponents } from '../limits/openapi.js'
import type { ActionDefinition } from './define.js'
import { answer, answerHeaders, MEDIA_TYPE, shared, sharedAnswers } from './openapi-answers.js'
import { atomicPath } from './openapi-atomic.js'
import { linkageSchemas, relinkOperations } from './openapi-linkage.js'
import {
  body,
  collectionParameters,
  documentParameters,
  operation,
  parameter,
  parameters,
} from './openapi-operations.js'
import { attributeSchema, resourceSchemas, schemaName } from './openapi-schemas.js'
import { type Json, sharedSchemas } from './openapi-shared.js'
import type { Registry, Resource } from './registry.js'

function collectionPath(resource: Resource): Json {
  const { verbs } = resource.definition
  const [name, tag] = [schemaName(resource), resource.name]
  return {
    ...(verbs.list && {
      get: operation({
        id: `list_${tag}`,
        summary: `List ${tag}`,
        tag,
        parameters: collectionParameters(resource),
        answers: { '200': shared(`${name}Collection`) },
      }),
    }),
    ...(verbs.create && {
      post: operation({
        id: `create_${tag}`,
        summary: `Create one of ${tag}`,
        tag,
        parameters: documentParameters,
        requestBody: body(`${name}Create`),
        repeatable: true,
        answers: {
          '201': answer('Created.', {
            schema: `${name}Document`,
            headers: ['Location', 'ETag', 'Idempotency-Replayed'],
          }),
        },
      }),
    }),
  }
}

function onePath(resource: Resource): Json {
  const { verbs, singleton } = resource.definition
  const [name, tag] = [schemaName(resource), resource.name]
  const idParameters = singleton === undefined ? [parameter('Id')] : []
  return {
    ...(idParameters.length > 0 ? { parameters: idParameters } : {}),
    ...(verbs.retrieve && {
      get: operation({
        id: `retrieve_${tag}`,
        summary: `Retrieve one of ${tag}`,
        tag,
        parameters: documentParameters,
        answers: { '200': answer('Found.', { schema: `${name}Document`, headers: ['ETag'] }) },
      }),
    }),
    ...(verbs.update && {
      patch: operation({
        id: `update_${tag}`,
        summary: `Update one of ${tag}`,
        tag,
        parameters: documentParameters,
        requestBody: body(`${name}Update`),
        conditional: true,
        answers: { '200': answer('Updated.', { schema: `${name}Document`, headers: ['ETag'] }) },
      }),
    }),
    ...(verbs.delete && {
      delete: operation({
        id: `delete_${tag}`,
        summary: `Delete one of ${tag}`,
        tag,
        parameters: [parameter('Confirm'), parameter('ReassignTo')],
        requestBody: body('Meta', false),
        conditional: true,
        answers: { '200': shared('DeletedWithMeta'), '204': shared('Deleted') },
      }),
    }),
  }
}

function relationshipPaths(resource: Resource, registry: Registry): [string, Json][] {
  const tag = resource.name
  return [...resource.relationships.values()].flatMap(({ name, target, many }): [string, Json][] => {
    const far = registry.get(target)
    const parameters = many ? collectionParameters(far) : documentParameters
    const related = operation({
      id: `${tag}_${name}`,
      summary: `Read the ${name} of one of ${tag}`,
      tag,
      parameters,
      answers: { '200': shared(many ? `${schemaName(far)}Collection` : `${schemaName(far)}Related`) },
    })
    const linkage = operation({
      id: `${tag}_${name}_linkage`,
      summary: `Read the linkage of ${name} of one of ${tag}`,
      tag,
      parameters: many ? collectionParameters(far).slice(documentParameters.length) : [],
      answers: { '200': shared('Linkage') },
    })
    const ofOne = { parameters: [parameter('Id')] }
    return [
      [`/${tag}/{id}/${name}`, { ...ofOne, get: related }],
      [`/${tag}/{id}/relationships/${name}`, { ...ofOne, get: linkage, ...relinkOperations(resource, name) }],
    ]
  })
}

function actionPath(resource: Resource, name: string, action: ActionDefinition): [string, Json] {
  const tag = resource.name
  const properties = Object.fromEntries(
    Object.entries(action.attributes ?? {}).map(([key, attribute]) => [key, attributeSchema(attribute, true)]),
  )
  const attributes = { type: 'object', properties }
  const schema = { type: 'object', properties: { data: { type: 'object', properties: { attributes } } } }
  const required = Object.values(action.attributes ?? {}).some(({ options }) => options.required === true)
  const requestBody = { required, content: { [MEDIA_TYPE]: { schema } } }
  const repeatable = action.method === 'POST'
  const replayed = repeatable ? ['Idempotency-Replayed'] : []
  const done = operation({
    id: `${tag}_${name}`,
    summary: action.doc,
    tag,
    requestBody,
    repeatable,
    answers:
      action.document === true
        ? { '200': answer('Done.', { schema: `${schemaName(resource)}Document`, headers: ['ETag', ...replayed] }) }
        : { '202': answer('Done.', { headers: replayed }) },
  })
  return [`/${tag}/{id}/${name}`, { parameters: [parameter('Id')], [action.method.toLowerCase()]: done }]
}

/** Documents that only some endpoints have. */
function endpointSchemas(registry: Registry): Json {
  const targets = new Set(
    [...registry.resources.values()].flatMap(({ relationships }) =>
      [...relationships.values()].filter(({ many }) => !many).map(({ target }) => target),
    ),
  )
  const related = [...targets].map((target) => {
    const name = schemaName(registry.get(target))
    const data = { oneOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'null' }] }
    const properties = { data, included: { $ref: '#/components/schemas/Included' }, links: { type: 'object' } }
    return [`${name}Related`, { type: 'object', properties, required: ['data', 'links'], additionalProperties: false }]
  })
  return { ...Object.fromEntries(related), ...linkageSchemas }
}

/** Answers that several endpoints share: a collection, or what stands at the far side of a relationship. */
function endpointAnswers(schemas: Json): Json {
  const names = Object.keys(schemas).filter((name) => /(Collection|Related)$/.test(name))
  return Object.fromEntries(
    names.map((schema) => [schema, answer(schema.endsWith('Related') ? 'Found.' : 'One page.', { schema })]),
  )
}

/** The JSON:API part of the OpenAPI 3.1 document: paths below the API's base and the components that they use. */
export function openApiParts(registry: Registry): { paths: Json; components: Json; tags: Json[] } {
  const paths: Json = {}
  const schemas: Json = { ...sharedSchemas, ...endpointSchemas(registry) }
  for (const resource of registry.resources.values()) {
    const { singleton, actions = {} } = resource.definition
    if (singleton === undefined) paths[`/${resource.name}`] = collectionPath(resource)
    paths[singleton === undefined ? `/${resource.name}/{id}` : `/${resource.name}`] = onePath(resource)
    for (const [path, item] of relationshipPaths(resource, registry)) paths[path] = item
    for (const [name, action] of Object.entries(actions)) {
      const [path, item] = actionPath(resource, name, action)
      paths[path] = item
    }
    Object.assign(schemas, resourceSchemas(resource, registry))
  }
  paths['/operations'] = atomicPath
  const types = [...registry.resources.values()].map(({ name, definition }) => ({ name, description: definition.doc }))
  const tags = [...types, { name: 'operations', description: 'Several changes in one request.' }]
  const responses = { ...sharedAnswers, ...endpointAnswers(schemas) }
  const headers = { ...answerHeaders, ...limitHeaderComponents }
  return { paths, components: { schemas, responses, headers, parameters }, tags }
}
