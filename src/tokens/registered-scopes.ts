import type { TargetKind } from './scope-targets.js'

const TARGET = /^(market|store|stock_location):(?:all|id:[A-Za-z0-9]{1,64}|code:[A-Za-z0-9_.~@+/-]{1,128})$/
const NUMBERED_MARKET = /^market:\d{1,19}$/
// Whatever looks like a right narrows, also what was registered before we refused it and means nothing.
const NARROWING = /^(?!(?:market|store|stock_location):)(?:\*|[a-z][a-z0-9_]*):[a-z*]+$/
/** The platform planes. */
export const PLANES: ReadonlySet<string> = new Set(['provisioning-api', 'metrics-api'])
/** Who somebody is (OpenID Connect Core §5.4): for clients whose people sign in. */
export const IDENTITY: ReadonlySet<string> = new Set(['openid', 'profile', 'email'])

/** The items of a scope; the contract's clients join them with commas. */
export const itemsOf = (scope: string): string[] => scope.split(/[ ,]+/).filter((item) => item !== '')

/** What a commerce item points at, e.g. `market` for `market:id:abc`; undefined for other items. */
export function targetOf(item: string): TargetKind | undefined {
  return NUMBERED_MARKET.test(item) ? 'market' : (TARGET.exec(item)?.[1] as TargetKind | undefined)
}

/** Whether registered items give one that points at a target. */
export function isRegistered(item: string, target: TargetKind, of: readonly string[]): boolean {
  return of.includes(item) || of.includes(`${target}:all`) || of.includes('market:all')
}

const narrows = (item: string): boolean => NARROWING.test(item)

/** Whether what is registered says anything of provisioning rights. */
export const isBound = (of: readonly string[]): boolean => of.some((item) => PLANES.has(item) || narrows(item))

/** Whether registered items give a plane or a right. A plane that is registered beside rights is no more than they are. */
function covered(item: string, of: readonly string[]): boolean {
  if (of.includes(item)) return true
  const [, subject = '', verb = ''] = /^([^:]+):(.+)$/.exec(item) ?? []
  if (verb === '' || PLANES.has(item)) return false
  if ((subject !== '*' && of.includes(`${subject}:manage`)) || (verb === 'read' && of.includes('*:read'))) return true
  return of.includes('provisioning-api') && !of.some(narrows)
}

/** Whether the provisioning rights of a scope are those of what is registered. A token without such items would have all the
 *  rights of its role: where rights are registered, it names some. Source: DECISIONS 3 "Scopes" */
export function isInBounds(items: readonly string[], of: readonly string[]): boolean {
  // Who somebody is, is no right: such a token has none (access/abilities.ts).
  if (!isBound(of) || items.every((item) => IDENTITY.has(item))) return true
  const asked = items.filter((item) => PLANES.has(item) || narrows(item))
  const free = of.includes('provisioning-api') && !of.some(narrows)
  const named = of.some(narrows) ? asked.some(narrows) : free || asked.length > 0
  return named && asked.every((item) => covered(item, of))
}
