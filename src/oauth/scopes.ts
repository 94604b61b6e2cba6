import { AppError } from '../errors.js'
import { IDENTITY, isBound, isInBounds, isRegistered, itemsOf, PLANES, targetOf } from '../tokens/registered-scopes.js'
import type { TargetKind } from '../tokens/scope-targets.js'
import type { ClientKind } from './client-store.js'
import type { Client } from './clients.js'

const refuse = (detail: string): AppError => new AppError('invalid_scope', { detail })

const LONGEST = 1000
// RFC 6749 §3.3: what an item may be made of, less the comma that clients of the contract join items with.
const ITEM = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/
const RIGHT = /^(?:([a-z][a-z_]{0,63}):(?:create|read|update|destroy|manage)|\*:read)$/
const DEFAULTS: Record<ClientKind, string> = {
  sales_channel: 'market:all',
  integration: 'market:all',
  webapp: 'market:all',
  user: 'provisioning-api',
  dashboard: 'provisioning-api',
}

function checkTarget(item: string, target: TargetKind, options: { client: Client; items: readonly string[] }): void {
  const { client, items } = options
  if (client.kind === 'user' && item !== 'market:all') {
    throw refuse('A personal credential spans organizations: it has no markets, stores or stock locations.')
  }
  if (!isRegistered(item, target, itemsOf(client.scopes))) {
    throw refuse('The requested scope exceeds the scopes that the credential is registered with.')
  }
  if (target === 'stock_location' && !items.some((other) => targetOf(other) === 'market')) {
    throw refuse('A stock location needs its market in the same scope.')
  }
}

function checkItem(item: string, options: { client: Client; items: readonly string[]; subjects: Subjects }): void {
  const { client, subjects } = options
  const target = targetOf(item)
  if (target !== undefined) {
    checkTarget(item, target, options)
    return
  }
  if (IDENTITY.has(item) && tellsWhoSomebodyIs(item, client)) return
  const provisioning = client.kind !== 'sales_channel'
  if (PLANES.has(item) && provisioning) return
  const right = RIGHT.exec(item)
  const subject = right?.[1]
  if (right && provisioning && !/^(market|store|stock_location)$/.test(subject ?? '')) {
    if (subject === undefined || subjects === undefined || subjects.has(subject)) return
  }
  // What is no scope token at all has no place in a description (RFC 6749 §5.2).
  const which = ITEM.test(item) ? ` (${item})` : ''
  throw refuse(`The requested scope is invalid, unknown, malformed, or not allowed for this client${which}.`)
}

/** Signing people in is what these clients are for; one that is registered for some of it gets that. */
function tellsWhoSomebodyIs(item: string, { kind, scopes }: Client): boolean {
  if (kind !== 'webapp' && kind !== 'dashboard') return false
  const of = itemsOf(scopes).filter((one) => IDENTITY.has(one))
  return of.length === 0 || of.includes(item)
}

/** Resource types that a scope item may name; undefined: any well-formed name. */
export type Subjects = ReadonlySet<string> | undefined

/** The scope of a token, as the client wrote it (official clients look their cache up by the very text), or the default.
 *  Throws `invalid_scope`. Source: DECISIONS 3 "Scopes", CONTRACT 5.1, 5.3, RFC 6749 §3.3 */
export function grantScope(requested: string | undefined, client: Client, subjects: Subjects): string {
  if (requested === undefined || requested === '') return defaultScope(client, subjects)
  const items = itemsOf(requested)
  if (requested.length > LONGEST || items.length === 0 || !items.every((item) => ITEM.test(item))) {
    throw refuse('The requested scope is malformed or too long.')
  }
  for (const item of items) checkItem(item, { client, items, subjects })
  checkBounds(items, client)
  return requested
}

/** A credential that is registered for less than everything, or for certain rights, gets what it is registered for: of
 *  that, what its kind may have. */
function defaultScope(client: Client, subjects: Subjects): string {
  const usual = DEFAULTS[client.kind]
  const items = itemsOf(client.scopes)
  if (usual !== 'market:all' || (items.includes('market:all') && (client.kind === 'sales_channel' || !isBound(items))))
    return usual
  const granted = items.filter((item) => isGranted(() => checkItem(item, { client, items, subjects })))
  if (granted.length === 0) throw refuse('The credential is registered for no scope that a token can carry.')
  checkBounds(granted, client)
  return granted.join(' ')
}

function isGranted(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** Throws `invalid_scope` for a token whose rights are not those that its credential is registered for. */
function checkBounds(items: readonly string[], { kind, scopes }: Client): void {
  // Sales channels have no provisioning rights to speak of.
  if (kind === 'sales_channel' || isInBounds(items, itemsOf(scopes))) return
  throw refuse('The requested scope exceeds the scopes that the credential is registered with.')
}
