import { AppError, atAttribute, atRelationship, type Issue, violation } from '../../errors.js'
import { type ClientKeys, readClientKeys } from '../../tokens/client-keys.js'

interface Kind {
  /** Whether it must present its secret, unless it chooses otherwise. */
  readonly confidential: boolean
  /** Whether it may choose. */
  readonly mayChoose: boolean
  readonly role: 'required' | 'none'
  /** Default life of its access tokens, in seconds (CONTRACT 4). */
  readonly expiresIn: number
}

/** Kinds of application that an organization can make (DECISIONS 3). */
export const KINDS: Readonly<Record<string, Kind>> = {
  sales_channel: { confidential: false, mayChoose: false, role: 'none', expiresIn: 14_400 },
  integration: { confidential: true, mayChoose: false, role: 'required', expiresIn: 7200 },
  webapp: { confidential: true, mayChoose: true, role: 'none', expiresIn: 7200 },
}

/** Checks what depends on the kind.
 *  @throws AppError invalid, naming the field */
export function checkKind(input: {
  kind: string
  confidential?: boolean
  require_pkce?: boolean
  role?: string | null
}): Kind {
  const { kind, confidential, role = null } = input
  const rules = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (rules === undefined) {
    const meta = { value: kind, list: Object.keys(KINDS) }
    const issue = violation({ name: 'kind', title: 'is not included in the list', error: 'inclusion', meta })
    throw new AppError('invalid', { issues: [issue] })
  }
  const issues: Issue[] = []
  const add = (name: string, title: string, error: string): void => {
    issues.push(violation({ name, title, error, source: name === 'role' ? atRelationship(name) : atAttribute(name) }))
  }
  if (rules.role === 'required' && role === null) add('role', "can't be blank", 'blank')
  if (rules.role === 'none' && role !== null) add('role', `must be blank for a ${kind}`, 'present')
  const isConfidential = confidential ?? rules.confidential
  if (!rules.mayChoose && isConfidential !== rules.confidential) {
    add('confidential', `is ${rules.confidential} for a ${kind}`, 'invalid')
  }
  if (input.require_pkce === false && !(kind === 'webapp' && isConfidential)) {
    add('require_pkce', 'may be false for a confidential webapp only', 'invalid')
  }
  if (issues.length > 0) throw new AppError('invalid', { issues })
  return rules
}

const TARGET = /^((market|store|stock_location):(all|id:[A-Za-z0-9]+|code:[A-Za-z0-9_.~@+/-]+)|market:\d+)$/
// The words of targets are no subjects, and of all subjects at once there is reading only.
const RIGHT =
  /^((provisioning|metrics)-api|\*:read|(?!(market|store|stock_location):)[a-z][a-z0-9_]*:(create|read|update|destroy|manage)|openid|profile|email)$/

/** Refuses registered scopes that no token could carry (DECISIONS 3, "Scopes"): a sales channel has no rights to name.
 *  @throws AppError invalid (422) */
export function checkScopes(scopes: string | undefined, kind: string): void {
  if (scopes === undefined) return
  const fits = (item: string): boolean => TARGET.test(item) || (kind !== 'sales_channel' && RIGHT.test(item))
  const wrong = scopes.split(' ').find((item) => !fits(item))
  if (wrong === undefined) return
  const may = `market, store or stock_location${kind === 'sales_channel' ? '' : ', {subject}:{verb}, provisioning-api, openid'}`
  const title = `is invalid (${JSON.stringify(wrong)} is nothing that it can have: ${may})`
  throw new AppError('invalid', { issues: [violation({ name: 'scopes', title, error: 'invalid' })] })
}

/** The public keys of an application, as they are kept. A browser-only webapp has nowhere to keep the private ones.
 *  @throws AppError invalid (422) */
export function checkKeys(
  jwks: Record<string, unknown> | null | undefined,
  { kind, confidential }: { kind: string; confidential: boolean },
): { jwks?: ClientKeys | null } {
  if (jwks === undefined) return {}
  if (jwks === null) return { jwks: null }
  const keys = kind === 'webapp' && !confidential ? undefined : readClientKeys(jwks)
  if (keys !== undefined) return { jwks: keys }
  const title = 'is invalid (public keys as RFC 7517 has them, of a confidential application)'
  throw new AppError('invalid', { issues: [violation({ name: 'jwks', title, error: 'invalid' })] })
}
