import { type Endpoint, type Handler, idOf, queryOf, relationshipNamed } from './endpoint.js'
import { tagHeaders } from './etag.js'
import { readCollection, readOne, readRelated } from './read.js'

/** GET a collection. */
export function list(endpoint: Endpoint): Handler {
  const { registry, resource, answers, serialize } = endpoint
  const url = serialize.selfLink(resource, '').replace(/\/$/, '')
  return async (ctx, call) => {
    const query = queryOf(endpoint, call, { collection: true })
    const page = await readCollection({ ctx, registry, query }, resource)
    return { status: 200, body: await answers.many(page, query, { url, search: call.search }) }
  }
}

/** GET one resource. */
export function retrieve(endpoint: Endpoint): Handler {
  const { registry, resource, answers } = endpoint
  return async (ctx, call) => {
    const query = queryOf(endpoint, call)
    const found = await readOne({ ctx, registry, query }, resource, idOf(endpoint, ctx, call))
    return { status: 200, body: await answers.one(found, query), headers: tagHeaders(found.primary[0]?.row) }
  }
}

/** GET the far side of a relationship: a collection, or one resource or null. */
export function related(endpoint: Endpoint): Handler {
  const { registry, resource, answers, serialize } = endpoint
  return async (ctx, call) => {
    const relationship = relationshipNamed(endpoint, call)
    const target = registry.get(relationship.target)
    const query = queryOf(endpoint, call, { resource: target, collection: relationship.many })
    const parent = await ctx.scope.one(resource.name, idOf(endpoint, ctx, call))
    const links = { url: `${serialize.selfLink(resource, parent.id)}/${relationship.name}`, search: call.search }
    const reading = { ctx, registry, query }
    if (!relationship.many) {
      return { status: 200, body: await answers.one(await readRelated(reading, relationship, parent), query, links) }
    }
    const page = await readCollection(reading, target, { relationship, parent })
    return { status: 200, body: await answers.many(page, query, links) }
  }
}

/** GET the linkage of a relationship: identifiers only (JA-15). */
export function linkage(endpoint: Endpoint): Handler {
  const { registry, resource, answers, serialize } = endpoint
  return async (ctx, call) => {
    const relationship = relationshipNamed(endpoint, call)
    const target = registry.get(relationship.target)
    const query = queryOf(endpoint, call, { resource: target, collection: relationship.many, document: false })
    const parent = await ctx.scope.one(resource.name, idOf(endpoint, ctx, call))
    const self = serialize.selfLink(resource, parent.id)
    const name = relationship.name
    const links = { url: `${self}/relationships/${name}`, search: call.search, related: `${self}/${name}` }
    const reading = { ctx, registry, query }
    if (relationship.many) {
      const page = await readCollection(reading, target, { relationship, parent })
      return { status: 200, body: answers.linkage(page, query, links) }
    }
    const [one = null] = (await readRelated(reading, relationship, parent)).primary
    return { status: 200, body: answers.linkage(one, query, links) }
  }
}
