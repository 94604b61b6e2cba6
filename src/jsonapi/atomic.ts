import type { Context } from '../access/context.js'
import { AppError, type Issue } from '../errors.js'
import type { Answer } from './answers.js'
import type { Call, Endpoint, Handler } from './endpoint.js'
import type { Resource } from './registry.js'
import { relink } from './relinks.js'
import { create, remove, update } from './writes.js'

/** The extension's name. Source: https://jsonapi.org/ext/atomic */
export const ATOMIC = 'https://jsonapi.org/ext/atomic'

type Json = Record<string, unknown>

const MAX_OPERATIONS = 100
/** What the operations do to a linkage. */
const RELINKS = new Map<unknown, 'replace' | 'add' | 'remove'>([
  ['update', 'replace'],
  ['add', 'add'],
  ['remove', 'remove'],
])
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const malformed = (pointer: string, detail: string): AppError =>
  new AppError('malformed', { detail, source: { pointer } })

interface Target {
  readonly type: string
  readonly id: string
  readonly relationship: string
}

/** Ids that this request has made, by the client's own local ids. */
type LocalIds = Map<string, string>

/** Puts the ids of what was just made where the request names it by `lid`. */
function resolve(value: unknown, local: LocalIds): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, local))
  if (!isObject(value)) return value
  if (typeof value.lid === 'string' && typeof value.type === 'string' && !('attributes' in value)) {
    const id = local.get(`${value.type} ${value.lid}`)
    if (id === undefined) throw malformed('', `Nothing before this has made the lid "${value.lid}" of ${value.type}.`)
    const { lid: _lid, ...rest } = value
    return { ...rest, id }
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === 'attributes' ? one : resolve(one, local)]),
  )
}

/** A member that names something: `String` would ask an object for its own opinion. */
function textOf(value: unknown, pointer: string): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw malformed(pointer, 'This must be a string.')
  return value
}

function targetOf(operation: Json, local: LocalIds): Target {
  const { ref, href, data } = operation
  if (typeof href === 'string') {
    const [, type = '', id = '', relationships = '', relationship = ''] = href
      .replace(/^https?:\/\/[^/]+\/api/, '')
      .split('/')
    if (relationships !== '' && relationships !== 'relationships')
      throw malformed('/href', 'The href names no resource here.')
    return { type, id, relationship }
  }
  if (isObject(ref)) {
    const { type, id, relationship } = resolve(ref, local) as Json
    const name = textOf(relationship, '/ref/relationship')
    return { type: textOf(type, '/ref/type'), id: textOf(id, '/ref/id'), relationship: name }
  }
  if (isObject(data)) {
    const { type, id, lid } = data
    const known = operation.op === 'add' ? {} : (resolve({ type, id, lid }, local) as Json)
    return { type: textOf(type, '/data/type'), id: textOf(known.id, '/data/id'), relationship: '' }
  }
  throw malformed('', 'An operation names its target by "ref", "href" or its data.')
}

/** Picks what an operation does. Adding to and removing from a to-many linkage are the endpoints POST and DELETE. */
function handlerOf(endpoint: Endpoint, op: unknown, { relationship }: Target): Handler {
  const { verbs } = endpoint.resource.definition
  const how = RELINKS.get(op)
  if (relationship !== '' && how !== undefined) return relink(endpoint, how)
  if (op === 'add' && verbs.create !== undefined) return create(endpoint)
  if (op === 'update' && verbs.update !== undefined) return update(endpoint)
  if (op === 'remove' && verbs.delete !== undefined) return remove(endpoint)
  throw new AppError('forbidden', {
    detail: `${endpoint.resource.name} do not support that operation.`,
    source: { pointer: '/op' },
  })
}

/** Says which operation an error is about. */
function inOperation(error: unknown, index: number): unknown {
  if (!(error instanceof AppError)) return error
  const issues = error.issues.map((issue): Issue => {
    const pointer = issue.source !== undefined && 'pointer' in issue.source ? issue.source.pointer : ''
    return { ...issue, source: { pointer: `/atomic:operations/${index}${pointer}` } }
  })
  return new AppError(error.kind, { issues, cause: error })
}

function operationsOf(body: unknown): Json[] {
  const operations = isObject(body) ? body['atomic:operations'] : undefined
  if (!Array.isArray(operations) || !operations.every(isObject)) {
    throw malformed('/atomic:operations', 'The body has an array of objects "atomic:operations".')
  }
  if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw malformed('/atomic:operations', `There must be 1 to ${MAX_OPERATIONS} operations.`)
  }
  return operations
}

/** Performs operations in order, all or none: they share the request's transaction.
 *  @param endpoint finds the endpoint of a resource by the name of its path, if there is one */
export function performAtomic(endpoint: (name: string) => Endpoint | undefined): Handler {
  async function perform(ctx: Context, operation: Json, local: LocalIds): Promise<Answer> {
    const target = targetOf(operation, local)
    const found = endpoint(target.type)
    if (found === undefined) throw malformed('/ref/type', `"${target.type.slice(0, 64)}" is not a collection here.`)
    const handler = handlerOf(found, operation.op, target)
    const { lid, ...data } = isObject(operation.data) ? operation.data : {}
    // Of an update the target says which resource; its data may repeat it, by id or by lid, or leave it out.
    const known = operation.op === 'update' && target.relationship === '' ? { id: target.id, ...data } : data
    const sent = resolve(isObject(operation.data) ? known : (operation.data ?? null), local)
    const body =
      operation.op === 'remove' && target.relationship === '' ? { meta: operation.meta ?? {} } : { data: sent }
    const call: Call = { id: target.id, relationship: target.relationship, search: '', body }
    const answer = await handler(ctx, call)
    const made = answer.body?.data
    if (operation.op === 'add' && typeof lid === 'string' && isObject(made))
      local.set(`${target.type} ${lid}`, String(made.id))
    return answer
  }

  return async (ctx, call) => {
    const local: LocalIds = new Map()
    const results: Json[] = []
    // What founds an organization hands on the context that may act in it.
    let present = ctx
    for (const [index, operation] of operationsOf(call.body).entries()) {
      try {
        const answer = await perform(present, operation, local)
        present = answer.context ?? present
        results.push(answer.body ?? {})
      } catch (error) {
        throw inOperation(error, index)
      }
    }
    return { status: 200, body: { 'atomic:results': results }, context: present }
  }
}

/** Whether operations may touch a resource: collections only. */
export const isCollection = ({ definition }: Resource): boolean => definition.singleton === undefined
