import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import { AppError, recordNotFound } from '../errors.js'
import { ID_PATTERN } from '../ids.js'
import { parseAction, parseMeta } from './action-document.js'
import type { Answer, Answers } from './answers.js'
import type { ActionDefinition } from './define.js'
import { parseDocument } from './document.js'
import { narrowToMany } from './include.js'
import { parseQuery, type Query, type QueryOptions, relationshipOf } from './query.js'
import { readCollection, readOne, readRelated, singletonId } from './read.js'
import type { CompiledRelationship, Registry, Resource } from './registry.js'
import type { Serialize } from './serialize.js'
import { createResource, deleteResource, updateResource } from './write.js'

/** One call, as the engine needs it: no express. */
export interface Call {
  readonly id: string
  readonly relationship: string
  /** The raw query string. */
  readonly search: string
  readonly body: unknown
}

export type Handler = (ctx: Context, call: Call) => Promise<Answer>

interface Parts {
  readonly registry: Registry
  readonly resource: Resource
  readonly answers: Answers
  readonly serialize: Serialize
}

/** Query parameters that a delete takes, for clients that cannot send a body with it. */
const DELETE_PARAMETERS = ['confirm', 'reassign_to']

const noRelationship = (resource: Resource, name: string): AppError =>
  new AppError('no_route', { detail: `${resource.type} have no relationship "${name}".` })

/** The handlers of one resource: what each endpoint does, in a transaction that the caller has opened. */
export function createHandlers({ registry, resource, answers, serialize }: Parts) {
  const { definition, name } = resource
  const query = (call: Call, options: Partial<QueryOptions> = {}): Query =>
    parseQuery({ registry, resource, collection: false, ...options }, call.search)
  const typeOf = (target: string): string => registry.get(target).type

  /** The id that a path means. A malformed one gets the answer of an unknown one, after the question of rights. */
  function idOf(ctx: Context, call: Call): string {
    if (definition.singleton !== undefined) return singletonId(resource, ctx)
    if (ID_PATTERN.test(call.id)) return call.id
    ctx.scope.from(name)
    throw recordNotFound()
  }

  function relationship(call: Call): CompiledRelationship {
    const found = relationshipOf(resource, call.relationship)
    if (found === undefined) throw noRelationship(resource, call.relationship)
    return found
  }

  const collectionUrl = serialize.selfLink(resource, '').replace(/\/$/, '')
  const narrowTo = (related: CompiledRelationship, parent: Row) => (builder: Parameters<typeof narrowToMany>[0]) =>
    narrowToMany(builder, related, [parent.id])

  const handlers = {
    async list(ctx: Context, call: Call): Promise<Answer> {
      const asked = query(call, { collection: true })
      const page = await readCollection({ ctx, registry, query: asked }, resource)
      return { status: 200, body: await answers.many(page, asked, { url: collectionUrl, search: call.search }) }
    },
    async retrieve(ctx: Context, call: Call): Promise<Answer> {
      const asked = query(call)
      const found = await readOne({ ctx, registry, query: asked }, resource, idOf(ctx, call))
      return { status: 200, body: await answers.one(found, asked) }
    },
    async create(ctx: Context, call: Call): Promise<Answer> {
      const asked = query(call)
      const draft = parseDocument({ resource, purpose: 'create', typeOf }, call.body)
      const { id, once, context = ctx } = await createResource({ ctx, registry, resource }, draft)
      const body = await answers.written(context, { resource, id, query: asked, once, by: ['create', name] })
      return { status: 201, body, headers: { Location: serialize.selfLink(resource, id) } }
    },
    async update(ctx: Context, call: Call): Promise<Answer> {
      const asked = query(call)
      const id = idOf(ctx, call)
      const row = await ctx.scope.one(name, id, 'update')
      const draft = parseDocument({ resource, purpose: 'update', id, typeOf }, call.body)
      const { once } = await updateResource({ ctx, registry, resource }, row, draft)
      return { status: 200, body: await answers.written(ctx, { resource, id, query: asked, once, by: ['read', name] }) }
    },
    async remove(ctx: Context, call: Call): Promise<Answer> {
      const asked = query(call, { document: false, extra: DELETE_PARAMETERS })
      const id = idOf(ctx, call)
      await ctx.scope.one(name, id, 'destroy')
      const meta = { ...Object.fromEntries(asked.extra), ...parseMeta(call.body) }
      const told = await deleteResource({ ctx, registry, resource }, { id, meta })
      return told === undefined ? { status: 204 } : { status: 200, body: { meta: told } }
    },
    async related(ctx: Context, call: Call): Promise<Answer> {
      const related = relationship(call)
      const target = registry.get(related.target)
      const asked = query(call, { resource: target, collection: related.many })
      const parent = await ctx.scope.one(name, idOf(ctx, call))
      const links = { url: `${serialize.selfLink(resource, parent.id)}/${related.name}`, search: call.search }
      const reading = { ctx, registry, query: asked }
      if (!related.many)
        return { status: 200, body: await answers.one(await readRelated(reading, related, parent), asked, links) }
      const page = await readCollection(reading, target, narrowTo(related, parent))
      return { status: 200, body: await answers.many(page, asked, links) }
    },
    async linkage(ctx: Context, call: Call): Promise<Answer> {
      const related = relationship(call)
      const target = registry.get(related.target)
      const asked = query(call, { resource: target, collection: related.many, document: false })
      const parent = await ctx.scope.one(name, idOf(ctx, call))
      const self = serialize.selfLink(resource, parent.id)
      const links = {
        url: `${self}/relationships/${related.name}`,
        search: call.search,
        related: `${self}/${related.name}`,
      }
      const reading = { ctx, registry, query: asked }
      if (related.many) {
        const page = await readCollection(reading, target, narrowTo(related, parent))
        return { status: 200, body: answers.linkage(page, asked, links) }
      }
      const [one = null] = (await readRelated(reading, related, parent)).primary
      return { status: 200, body: answers.linkage(one, asked, links) }
    },
    /** Replaces the linkage of a to-one relationship; a to-many one is never replaced or edited from this side (JA-28). */
    async relink(ctx: Context, call: Call): Promise<Answer> {
      query(call, { document: false })
      const related = relationship(call)
      const id = idOf(ctx, call)
      const row = await ctx.scope.one(name, id, 'update')
      if (related.many || !related.options.can.includes('update')) {
        throw new AppError('forbidden', {
          detail: `The relationship ${related.name} of ${name} cannot be changed here.`,
        })
      }
      const data = { type: resource.type, id, relationships: { [related.name]: call.body ?? {} } }
      const draft = parseDocument({ resource, purpose: 'update', id, typeOf }, { data })
      await updateResource({ ctx, registry, resource }, row, draft)
      return handlers.linkage(ctx, { ...call, search: '' })
    },
    async refuseRelink(ctx: Context, call: Call): Promise<Answer> {
      const related = relationship(call)
      await ctx.scope.one(name, idOf(ctx, call), 'update')
      const how = related.many ? 'is changed from its other side' : 'has one target: replace it with PATCH'
      throw new AppError('forbidden', { detail: `The relationship ${related.name} of ${name} ${how}.` })
    },
    action(action: ActionDefinition): Handler {
      return async (ctx, call) => {
        query(call, { document: false })
        const id = idOf(ctx, call)
        await ctx.scope.one(name, id, action.needs)
        const input = parseAction(action.attributes ?? {}, call.body)
        await action.run(ctx, { id, ...input })
        return { status: 202 }
      }
    },
  }
  return handlers
}
