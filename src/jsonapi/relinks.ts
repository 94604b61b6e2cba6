import { AppError } from '../errors.js'
import { parseDocument } from './document.js'
import { type Endpoint, type Handler, idOf, queryOf, relationshipNamed, typeOf } from './endpoint.js'
import { checkPrecondition } from './etag.js'
import { linkage } from './reads.js'
import type { CompiledRelationship } from './registry.js'
import { relinkResource, updateResource } from './write.js'

type How = 'replace' | 'add' | 'remove'

function refusal(type: string, { name, many, options }: CompiledRelationship): AppError {
  const changes = options.can.includes('update')
  const why = changes ? 'has one target: replace it with PATCH' : many ? 'is changed from its other side' : 'is fixed'
  return new AppError('forbidden', { detail: `The relationship ${name} of ${type} ${why}.` })
}

/** PATCH, POST and DELETE the linkage of a relationship: what is in it is replaced, added to, taken from. Done by the
 *  same operation as an update of the resource, and refused where that may not change it (JA-28). */
export function relink(endpoint: Endpoint, how: How): Handler {
  const { registry, resource } = endpoint
  const show = linkage(endpoint)
  return async (ctx, call) => {
    queryOf(endpoint, call, { document: false })
    const relationship = relationshipNamed(endpoint, call)
    const { name, many, options } = relationship
    const id = idOf(endpoint, ctx, call)
    const mayChange = options.can.includes('update') && (many || how === 'replace')
    // What is never changed is not locked either: the database role may not even lock, say, a version.
    const row = await ctx.scope[mayChange ? 'lock' : 'one'](resource.name, id, 'update')
    checkPrecondition(call.ifMatch, row)
    if (!mayChange) throw refusal(resource.name, relationship)
    const data = { type: resource.type, id, relationships: { [name]: call.body ?? {} } }
    const draft = parseDocument({ resource, purpose: 'update', id, typeOf: typeOf(endpoint) }, { data })
    const writing = { ctx, registry, resource }
    if (how === 'replace') await updateResource(writing, row, draft)
    else await relinkResource(writing, row, { relationship, ids: [draft.relationships[name] ?? []].flat(), how })
    return show(ctx, { ...call, search: '' })
  }
}
