import type { Context } from '../../access/context.js'
import { AppError, type Issue, violation } from '../../errors.js'

const MOST = 20
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/

/** The domains of a list as it was sent: trimmed, in lower case, each once, in order of the alphabet. */
export const domainsOf = (text: string): string[] =>
  [...new Set(text.split(',').map((domain) => domain.trim().toLowerCase().replace(/\.$/, '')))].sort()

/** What is wrong with a comma-separated list of domains. */
export function domainIssues({ domains }: Readonly<Record<string, unknown>>): Issue | undefined {
  if (typeof domains !== 'string') return undefined
  const list = domainsOf(domains)
  const issue = (title: string, meta = {}): Issue => violation({ name: 'domains', title, error: 'invalid', meta })
  if (list.length > MOST) return issue(`is too long (maximum is ${MOST} domains)`, { count: MOST })
  const odd = list.find((domain) => !DOMAIN.test(domain))
  return odd === undefined ? undefined : issue('must be domains, separated by commas', { value: odd.slice(0, 253) })
}

/** What must stand in the DNS to prove the domains. It is bound to the organization: the record is for all the world to
 *  see, and must prove nothing for another one. Source: CONTRACT 3.8 */
export function txtRecord(ctx: Context, organizationId: string, domains: readonly string[]): string {
  const digest = ctx.secrets.hash(`identity provider domains ${organizationId} ${domains.join(',')}`)
  return `cl-verification=${digest.slice(0, 40)}`
}

/** Columns of domains that are to be proven, beginning now. */
export function unproven(ctx: Context, organizationId: string, text: string): Record<string, unknown> {
  const domains = domainsOf(text)
  return {
    domains: domains.join(','),
    txt_record: txtRecord(ctx, organizationId, domains),
    status: 'pending',
    next_check_at: ctx.now.toISOString(),
  }
}

/** The organization that a new provider belongs to: the one that is named, or the only one of the caller's own.
 *  @throws AppError invalid (422) when neither tells */
export function homeOf(ctx: Context, named: string | null | undefined): string {
  if (named != null) return named
  const own = ctx.abilities.organizations.filter((id) => ctx.abilities.may('create', 'identity_providers', id))
  if (own.length === 1 && own[0] !== undefined) return own[0]
  const source = { pointer: '/data/relationships/owner_organization' }
  const title = 'must name one of the organizations that you own'
  throw new AppError('invalid', {
    issues: [violation({ name: 'owner_organization', title, error: 'blank', source })],
  })
}
