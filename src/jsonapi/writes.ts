import type { Context } from '../access/context.js'
import type { By } from '../access/scope.js'
import { allOf } from '../db/begins.js'
import { AppError } from '../errors.js'
import { parseAction, parseMeta } from './action-document.js'
import type { ActionDefinition, Outcome } from './define.js'
import { parseDocument } from './document.js'
import { type Endpoint, type Handler, idOf, queryOf, typeOf } from './endpoint.js'
import { checkPrecondition } from './etag.js'
import { createResource, deleteResource, updateResource } from './write.js'

/** Query parameters that a delete takes, for clients that cannot send a body with it. */
const DELETE_PARAMETERS = ['confirm', 'reassign_to']

/** Asks for the right before anything of the body is looked at: a caller with no right to create costs nothing. */
function assertMayCreate({ resource: { name, guarded } }: Endpoint, ctx: Context): void {
  const nowhere = ctx.abilities.rows('create', name).organizations.length === 0
  // An organization is founded, not created in one.
  const founds = guarded.tenant === 'id'
  if (founds ? ctx.abilities.mayFound() : !nowhere) return
  const who = founds ? ': only a person may, with a token of their own whose scopes allow it' : ''
  throw new AppError('forbidden', { detail: `You may not create ${name} here${who}.` })
}

/** POST a collection. */
export function create(endpoint: Endpoint): Handler {
  const { registry, resource, answers, serialize } = endpoint
  return async (ctx, call) => {
    assertMayCreate(endpoint, ctx)
    const query = queryOf(endpoint, call)
    const draft = parseDocument({ resource, purpose: 'create', typeOf: typeOf(endpoint) }, call.body)
    const { id, once, context = ctx, made } = await createResource({ ctx, registry, resource }, draft)
    // Asked for in the same round trip as the row is made; where that fails, it is what is told.
    const shown = answers.written(context, { resource, id, query, once, by: ['create', resource.name] })
    await allOf([made, shown])
    const written = await shown
    const Location = serialize.selfLink(resource, id)
    return { status: 201, body: written.body, headers: { Location, ...written.headers }, context }
  }
}

/** PATCH one resource. The row is locked before anything is compared or checked against it. */
export function update(endpoint: Endpoint): Handler {
  const { registry, resource, answers } = endpoint
  return async (ctx, call) => {
    const query = queryOf(endpoint, call)
    const id = idOf(endpoint, ctx, call)
    const row = await ctx.scope.lock(resource.name, id, 'update')
    checkPrecondition(call.ifMatch, row)
    const draft = parseDocument({ resource, purpose: 'update', id, typeOf: typeOf(endpoint) }, call.body)
    const { once } = await updateResource({ ctx, registry, resource }, row, draft)
    const written = await answers.written(ctx, { resource, id, query, once, by: ['read', resource.name] })
    return { status: 200, body: written.body, headers: written.headers }
  }
}

/** DELETE one resource. */
export function remove(endpoint: Endpoint): Handler {
  const { registry, resource } = endpoint
  return async (ctx, call) => {
    const query = queryOf(endpoint, call, { document: false, extra: DELETE_PARAMETERS })
    const id = idOf(endpoint, ctx, call)
    checkPrecondition(call.ifMatch, await ctx.scope.lock(resource.name, id, 'destroy'))
    const meta = { ...Object.fromEntries(query.extra), ...parseMeta(call.body) }
    const told = await deleteResource({ ctx, registry, resource }, { id, meta })
    return told === undefined ? { status: 204 } : { status: 200, body: { meta: told } }
  }
}

/** An action beside the five verbs. */
export function act(endpoint: Endpoint, action: ActionDefinition): Handler {
  const { resource, answers } = endpoint
  return async (ctx, call) => {
    const query = queryOf(endpoint, call, { document: action.document === true })
    const id = idOf(endpoint, ctx, call)
    if (action.unseen !== true) await ctx.scope.one(resource.name, id, action.needs)
    const input = parseAction(action.attributes ?? {}, call.body)
    const outcome = await action.run(ctx, { id, ...input })
    if (action.document !== true) return { status: 202 }
    const by: By = [action.needs, resource.name]
    const written = await answers.written(ctx, { resource, id, query, once: (outcome as Outcome).once, by })
    return { status: 200, body: written.body, headers: written.headers }
  }
}
