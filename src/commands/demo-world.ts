import { randomBytes } from 'node:crypto'
import { type Account, createAccount } from '../access/accounts.js'
import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import { createParts, type Parts, type PartsOptions } from '../app.js'
import { hashPassword } from '../crypto/passwords.js'
import { newId } from '../ids.js'
import { issueCredential } from '../resources/api-credentials/issue.js'
import { inviteMember } from '../resources/memberships/invite.js'
import { createOrganization } from '../resources/organizations/create.js'
import { type DemoShop, fillShop } from './demo-shop.js'

const REDIRECT_URI = 'http://localhost:8080/callback'

/** A person of the demo, as demo-credentials.json shows one. */
type Person = { id: string; email: string; password: string; client_id: string; client_secret: string }
type Client = { client_id: string; client_secret: string }

/** What demo-credentials.json holds. Source: DECISIONS 7. */
export interface DemoCredentials extends DemoShop {
  readonly base_url: string
  readonly issuer: string
  readonly organization: { id: string; slug: string }
  readonly owner: Person
  readonly member: Person
  readonly sales_channel: Client
  readonly integration: Client
  readonly read_only_integration: Client
  readonly webapp: Client & { redirect_uri: string }
  readonly spa: { client_id: string; redirect_uri: string }
  readonly other_organization: { id: string; slug: string; owner: Person; integration: Client }
}

interface Newcomer {
  readonly account: Account
  readonly shown: Person
}

interface Making {
  readonly parts: Parts
  readonly options: PartsOptions
  /** Ends addresses, so that a second demo on one database does not meet the first; slugs see to it themselves. */
  readonly suffix: string
}

async function newcomer({ parts, options, suffix }: Making, name: string): Promise<Newcomer> {
  const password = randomBytes(12).toString('base64url')
  const passwordHash = await hashPassword(password, options.config.bcryptCost)
  const account = await createAccount(options.db.knex, parts.secrets, {
    email: `${name}${suffix}@demo.gatehouse.test`,
    firstName: name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' '),
    lastName: 'Demo',
    passwordHash,
    now: parts.clock(),
  })
  const { userId: id, email, clientId: client_id, clientSecret: client_secret } = account
  return { account, shown: { id, email, password, client_id, client_secret } }
}

/** An organization that is being filled, in the transaction that founds it. */
interface Site {
  readonly context: Context
  readonly id: string
  readonly slug: string
  /** Ids of the built-in roles by kind, and of Member as `custom`. */
  readonly roles: ReadonlyMap<string, string>
}

async function found(context: Context, name: string): Promise<Site> {
  const outcome = await createOrganization(context, { name })
  const inside = outcome.context ?? context
  const { slug } = await inside.scope.one('organizations', outcome.id)
  const rows: Row[] = await inside.scope.from('roles').where({ organization_id: outcome.id }).select('id', 'kind')
  const roles = new Map(rows.map((row) => [String(row.kind), row.id]))
  return { context: inside, id: outcome.id, slug: String(slug), roles }
}

interface NewCredential {
  readonly name: string
  readonly kind: string
  readonly role?: string
  readonly confidential?: boolean
  readonly redirect_uri?: string
}

async function issue(site: Site, credential: NewCredential): Promise<Client> {
  const input = { organization: site.id, mode: 'test', ...credential }
  const { id, once } = await issueCredential(site.context, input)
  const row = await site.context.scope.one('api_credentials', id)
  return { client_id: String(row.client_id), client_secret: String(once?.client_secret) }
}

/** The role of a kind; built-in roles come with every organization. */
function roleOf(site: Site, kind: string): string {
  const id = site.roles.get(kind)
  if (id === undefined) throw new Error(`the new organization has no role of kind ${kind}`)
  return id
}

async function fillDemo(site: Site, member: Newcomer) {
  const invitation = { organization: site.id, role: roleOf(site, 'custom'), user_email: member.account.email }
  await inviteMember(site.context, invitation)
  const admin = roleOf(site, 'admin')
  const spa = await issue(site, { name: 'Demo SPA', kind: 'webapp', confidential: false, redirect_uri: REDIRECT_URI })
  return {
    organization: { id: site.id, slug: site.slug },
    sales_channel: await issue(site, { name: 'Demo storefront', kind: 'sales_channel' }),
    integration: await issue(site, { name: 'Demo back end', kind: 'integration', role: admin }),
    read_only_integration: await issue(site, {
      name: 'Demo reports',
      kind: 'integration',
      role: roleOf(site, 'read_only'),
    }),
    webapp: {
      ...(await issue(site, { name: 'Demo web app', kind: 'webapp', redirect_uri: REDIRECT_URI })),
      redirect_uri: REDIRECT_URI,
    },
    spa: { client_id: spa.client_id, redirect_uri: REDIRECT_URI },
    ...(await fillShop(site.context, site.id)),
  }
}

async function fillOther(site: Site) {
  const integration = await issue(site, { name: 'Other back end', kind: 'integration', role: roleOf(site, 'admin') })
  return { id: site.id, slug: site.slug, integration }
}

/** Makes the two demo organizations, each in one transaction, and everybody in them. `suffix` as in Making. */
export async function makeDemo(options: PartsOptions, suffix: string): Promise<Omit<DemoCredentials, 'base_url'>> {
  const { config } = options
  // The member has an account whose address is proven, and nobody reads its mail: the seat is active at once.
  const parts = await createParts({ ...options, config: { ...config, autoActivateKnownUsers: true } })
  const making = { parts, options, suffix }
  const run = <T>({ account }: Newcomer, work: (context: Context) => Promise<T>): Promise<T> =>
    parts.access.run({ principal: account.principal, requestId: `demo-${newId()}` }, work)
  // At once: each password is hashed by a thread of its own.
  const [owner, member, otherOwner] = await Promise.all([
    newcomer(making, 'owner'),
    newcomer(making, 'member'),
    newcomer(making, 'other-owner'),
  ])
  const other = await run(otherOwner, async (context) => fillOther(await found(context, 'Other')))
  const demo = await run(owner, async (context) => fillDemo(await found(context, 'Demo'), member))
  const { organization, ...applications } = demo
  const people = { owner: owner.shown, member: member.shown }
  const { integration, ...otherOrganization } = other
  return {
    issuer: config.issuer,
    organization,
    ...people,
    ...applications,
    other_organization: { ...otherOrganization, owner: otherOwner.shown, integration },
  }
}
