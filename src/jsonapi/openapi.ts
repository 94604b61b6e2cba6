import type { ActionDefinition } from './define.js'
import { atomicPath } from './openapi-atomic.js'
import { linkageSchemas, relinkOperations } from './openapi-linkage.js'
import {
  answer,
  body,
  collectionParameters,
  documentParameters,
  MEDIA_TYPE,
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
        answers: { '200': answer('One page.', `${name}Collection`) },
      }),
    }),
    ...(verbs.create && {
      post: operation({
        id: `create_${tag}`,
        summary: `Create one of ${tag}`,
        tag,
        parameters: documentParameters,
        requestBody: body(`${name}Create`),
        answers: {
          '201': answer('Created.', `${name}Document`, { Location: { schema: { type: 'string', format: 'uri' } } }),
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
        answers: { '200': answer('Found.', `${name}Document`) },
      }),
    }),
    ...(verbs.update && {
      patch: operation({
        id: `update_${tag}`,
        summary: `Update one of ${tag}`,
        tag,
        parameters: documentParameters,
        requestBody: body(`${name}Update`),
        answers: { '200': answer('Updated.', `${name}Document`) },
      }),
    }),
    ...(verbs.delete && {
      delete: operation({
        id: `delete_${tag}`,
        summary: `Delete one of ${tag}`,
        tag,
        parameters: [parameter('Confirm'), parameter('ReassignTo')],
        requestBody: body('Meta', false),
        answers: { '200': answer('Deleted; `meta` tells more.', 'Meta'), '204': answer('Deleted.') },
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
      answers: { '200': answer('Found.', many ? `${schemaName(far)}Collection` : `${schemaName(far)}Related`) },
    })
    const linkage = operation({
      id: `${tag}_${name}_linkage`,
      summary: `Read the linkage of ${name} of one of ${tag}`,
      tag,
      parameters: many ? collectionParameters(far).slice(documentParameters.length) : [],
      answers: { '200': answer('Found.', 'Linkage') },
    })
    const shared = { parameters: [parameter('Id')] }
    return [
      [`/${tag}/{id}/${name}`, { ...shared, get: related }],
      [`/${tag}/{id}/relationships/${name}`, { ...shared, get: linkage, ...relinkOperations(resource, name) }],
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
  const done = operation({
    id: `${tag}_${name}`,
    summary: action.doc,
    tag,
    requestBody,
    answers:
      action.document === true
        ? { '200': answer('Done.', `${schemaName(resource)}Document`) }
        : { '202': answer('Done.') },
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
  return { paths, components: { schemas, parameters }, tags }
}
