import { itemsOf } from '../../tokens/registered-scopes.js'

/** What a scope lets an application do, as the evaluator takes it (access/abilities.ts): not its items one by one, since
 *  an item more can mean less. */
export interface Meaning {
  /** Provisioning rights: all of the person's, or these (`roles:read`, `*:read`); an empty list is none. */
  readonly rights: 'all' | readonly string[]
  /** Markets, stores and stock locations of the commerce APIs. */
  readonly targets: readonly string[]
  readonly metrics: boolean
  /** `openid`, `profile`, `email`. */
  readonly identity: readonly string[]
}

const TARGET = /^(market|store|stock_location):/
const RIGHT = /^(?:\*|[a-z][a-z0-9_]*):[a-z*]+$/
const IDENTITY = /^(openid|profile|email)$/

/** Reads a scope that has been granted. */
export function meaningOf(scope: string): Meaning {
  const items = [...new Set(itemsOf(scope))]
  const targets = items.filter((item) => TARGET.test(item))
  const rights = items.filter((item) => RIGHT.test(item) && !TARGET.test(item))
  const identity = items.filter((item) => IDENTITY.test(item))
  const metrics = items.includes('metrics-api')
  const whole = items.includes('provisioning-api') || (!metrics && targets.length > 0)
  return { rights: rights.length === 0 && whole ? 'all' : rights, targets, metrics, identity }
}

function coversRight(held: Meaning['rights'], right: string): boolean {
  if (held === 'all' || held.includes(right)) return true
  const [subject, verb] = right.split(':', 2)
  return held.includes(`${subject}:manage`) || (verb === 'read' && held.includes('*:read'))
}

const coversTarget = (held: readonly string[], target: string): boolean =>
  held.includes(target) || held.includes('market:all') || held.includes(`${target.split(':', 1)[0]}:all`)

/** Whether whoever may do `held` may do all of `asked`: what was agreed to is not asked again. */
export function covers(held: Meaning, asked: Meaning): boolean {
  const rights =
    asked.rights === 'all' ? held.rights === 'all' : asked.rights.every((one) => coversRight(held.rights, one))
  return (
    rights &&
    asked.targets.every((one) => coversTarget(held.targets, one)) &&
    (held.metrics || !asked.metrics) &&
    asked.identity.every((one) => held.identity.includes(one))
  )
}

/** Both together, as the scope to remember. */
export function joinScopes(one: string, other: string): string {
  const [left, right] = [meaningOf(one), meaningOf(other)]
  const all = left.rights === 'all' || right.rights === 'all'
  const rights = all ? ['provisioning-api'] : [...left.rights, ...right.rights]
  const items = [
    ...rights,
    ...(left.metrics || right.metrics ? ['metrics-api'] : []),
    ...left.targets,
    ...right.targets,
    ...left.identity,
    ...right.identity,
  ]
  return [...new Set(items)].join(' ')
}

const SPANNING: ReadonlySet<string> = new Set(['provisioning-api', 'metrics-api', 'openid', 'profile', 'email'])

/** Whether a dashboard token of this scope is its user's, in all organizations, rather than one organization's.
 *  Source: CONTRACT 6, `user` on provisioning `dashboard` tokens */
export const spansOrganizations = (scope: string): boolean => {
  const items = itemsOf(scope)
  return items.includes('provisioning-api') && items.every((item) => SPANNING.has(item))
}
