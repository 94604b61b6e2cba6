import type { Context } from '../access/context.js'
import { AppError, recordNotFound } from '../errors.js'
import { ID_PATTERN } from '../ids.js'
import type { Answer, Answers } from './answers.js'
import { parseQuery, type Query, type QueryOptions, relationshipOf } from './query.js'
import { singletonId } from './read.js'
import type { CompiledRelationship, Registry, Resource } from './registry.js'
import type { Serialize } from './serialize.js'

/** One call, as the engine needs it: no express. */
export interface Call {
  readonly id: string
  readonly relationship: string
  /** The raw query string. */
  readonly search: string
  readonly body: unknown
  /** The `If-Match` header: the state that the caller means to change (RFC 9110 §13.1.1). */
  readonly ifMatch?: string | undefined
}

/** What one endpoint does, in a transaction that the caller has opened. */
export type Handler = (ctx: Context, call: Call) => Promise<Answer>

/** What the handlers of one resource share. */
export interface Endpoint {
  readonly registry: Registry
  readonly resource: Resource
  readonly answers: Answers
  readonly serialize: Serialize
}

/** Parses the query of a call to this endpoint. */
export const queryOf = ({ registry, resource }: Endpoint, call: Call, options: Partial<QueryOptions> = {}): Query =>
  parseQuery({ registry, resource, collection: false, ...options }, call.search)

/** The JSON:API type of a relationship's target. */
export const typeOf =
  ({ registry }: Endpoint) =>
  (target: string): string =>
    registry.get(target).type

/** The id that a path means. A malformed one gets the answer of an unknown one, after the question of rights. */
export function idOf({ resource }: Endpoint, ctx: Context, call: Call): string {
  if (resource.definition.singleton !== undefined) return singletonId(resource, ctx)
  if (ID_PATTERN.test(call.id)) return call.id
  ctx.scope.from(resource.name)
  throw recordNotFound()
}

/** The relationship that a path names.
 *  @throws AppError no_route */
export function relationshipNamed({ resource }: Endpoint, call: Call): CompiledRelationship {
  const found = relationshipOf(resource, call.relationship)
  if (found === undefined) {
    throw new AppError('no_route', { detail: `${resource.type} have no relationship "${call.relationship}".` })
  }
  return found
}
