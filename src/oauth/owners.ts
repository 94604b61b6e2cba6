import DataLoader from 'dataloader'
import type { Knex } from 'knex'
import { checkPassword, type KeptHash, renewKept } from '../crypto/passwords.js'
import { atOnce } from '../db/at-once.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { NOWHERE } from '../tokens/families.js'
import { findRefreshTokensWith, type KeptToken } from '../tokens/refresh-tokens.js'

/** Whom a token acts for, and where; what is left out is not asked about. */
export interface Standpoint {
  readonly organizationId?: string | undefined
  readonly userId?: string | undefined
  readonly customerId?: string | undefined
  /** The browser session behind it. */
  readonly sessionId?: string | undefined
}

/** The organization of a token, as it is now. */
export interface StandingOrganization {
  readonly id: string
  readonly slug: string
  readonly region: string
}

/** That everybody in a standpoint is there and enabled. Limits of sign-ins in seconds: those of the organization, or, where
 *  none is named, the shortest of all in which the user has an active seat; undefined: the installation's. */
export interface Standing {
  readonly organization: StandingOrganization | undefined
  readonly sessionMaxSeconds: number | undefined
  readonly sessionIdleSeconds: number | undefined
}

/** A shopper whose password was right, and the hash that it was checked against. */
export interface Shopper {
  readonly id: string
  readonly email: string
  readonly passwordHash: string
}

/** The people whom tokens are issued for: users, and the shoppers of an organization. */
export interface Owners {
  /** An organization's enabled shopper with this address and password. An unknown address, a shopper without a password or
   *  one who is disabled costs what a wrong password costs, and answers the same (ATTACKS S3). Throws `too_many` when too
   *  many passwords are being checked. */
  customerWithPassword(sign: { organizationId: string; email: string; password: string }): Promise<Shopper | undefined>
  /** Whether an enabled shopper has this password still. Ask after the family has begun, in its transaction: its row holds
   *  the shopper's key, so who changes the password is waited for, or waits and then ends the family. */
  customerHolds(
    trx: Transaction,
    shopper: { organizationId: string; id: string; passwordHash: string },
  ): Promise<boolean>
  /** Whether all that a standpoint names still stands: the organization is not deleted or suspended, the user is enabled
   *  and has an active seat in it, the customer is enabled, the session has not ended. */
  standing(of: Standpoint, trx?: Transaction): Promise<Standing | undefined>
  /** The refresh token with this keyed hash, and whether all that its family stands for is still there. */
  refreshToken(hash: string): Promise<TokenOfStanding | undefined>
}

interface Kept {
  id: string
  organization_id: string
  email: string
  password_hash: string | null
}

interface StandingRow {
  id: string | null
  slug: string
  region: string
  max: number | null
  idle: number | null
  stands: boolean
}

const standingIn = (where: string): string => `
  select o.id, o.slug, o.region, coalesce(o.session_max_seconds, theirs.max) as max,
    coalesce(o.session_idle_seconds, theirs.idle) as idle,
    (w.organization is null or o.id is not null)
    and (w.person is null or exists (select from users u where u.id = w.person and u.disabled_at is null))
    and (w.person is null or w.organization is null or exists (select from memberships m
      where m.organization_id = w.organization and m.user_id = w.person and m.status = 'active'))
    and (w.customer is null or exists (select from customers c
      where c.organization_id = w.organization and c.id = w.customer and c.disabled_at is null))
    and (w.session is null or not exists (select from sessions s where s.id = w.session and s.ended_at is not null)) as stands
  from (${where}) w
  left join organizations o on o.id = w.organization and o.deleted_at is null and o.suspended_at is null
  cross join lateral (select min(s.session_max_seconds) as max, min(s.session_idle_seconds) as idle
    from memberships m join organizations s on s.id = m.organization_id and s.deleted_at is null and s.suspended_at is null
    where w.organization is null and m.user_id = w.person and m.status = 'active') theirs`

const STANDING = standingIn(`select cast(:organization as text) as organization, cast(:person as text) as person,
  cast(:customer as text) as customer, cast(:session as text) as session`)

function standingOf(row: StandingRow | undefined): Standing | undefined {
  if (!row?.stands) return undefined
  const { id, slug, region, max, idle } = row
  const limits = { sessionMaxSeconds: max ?? undefined, sessionIdleSeconds: idle ?? undefined }
  return { organization: id === null ? undefined : { id, slug, region }, ...limits }
}

const BESIDE = standingIn(`select nullif(found.organization_id, '${NOWHERE}') as organization, found.user_id as person,
  found.customer_id as customer, found.session_id as session`)

/** A refresh token, and how all that it stands for is now. */
export interface TokenOfStanding {
  readonly token: KeptToken
  readonly standing: Standing | undefined
}

/** Tokens that are looked for in one statement, at most. */
const MOST_TOKENS = 64

/** Looks for refresh tokens: those that are asked for in one turn of the event loop in one statement, which costs the database
 *  a quarter of one for each. Nothing is remembered. */
const createFinder = (knex: Knex): DataLoader<string, TokenOfStanding | undefined> =>
  new DataLoader(
    async (hashes) => {
      const found = await findRefreshTokensWith(knex, { hashes, beside: BESIDE })
      return found.map((one) => one && { token: one.token, standing: standingOf(one.beside as StandingRow) })
    },
    { cache: false, maxBatchSize: MOST_TOKENS },
  )

/** A well-formed hash of no password, of this cost: to compare with where there is nothing to compare with. */
const nobodysHash = (cost: number): string => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`

/** The one spelling of a shopper's address under which they are looked up and their tries are counted. */
export const canonical = (email: string): string => email.trim().normalize('NFC').toLowerCase()

/** The hash of a shopper's password, which was `hashed` when it was read. */
const keptHash = (knex: Knex, shopper: Pick<Kept, 'organization_id' | 'id'>, hashed: string): KeptHash => ({
  replace: async (renewed) =>
    (await asAuth(knex, (trx) =>
      trx('customers')
        .where({ ...shopper, password_hash: hashed })
        .update({ password_hash: renewed }),
    )) === 1,
  read: async () => {
    const row = await asAuth(knex, (trx) => trx<Kept>('customers').where(shopper).first('password_hash'))
    return row?.password_hash ?? undefined
  },
})

/** Makes the look-up of people. `bcryptCost` is that of new passwords. */
export function createOwners({ knex, bcryptCost }: { knex: Knex; bcryptCost: number }): Owners {
  const nobody = nobodysHash(bcryptCost)
  const finder = createFinder(knex)
  const admit = async (found: Kept | undefined, password: string) => {
    const matches = await checkPassword(password, found?.password_hash ?? nobody)
    if (!matches || !found || found.password_hash === null) return undefined
    const { id, email, password_hash: hashed } = found
    const kept = keptHash(knex, { organization_id: found.organization_id, id }, hashed)
    return { id, email, passwordHash: await renewKept({ password, hashed, cost: bcryptCost }, kept) }
  }
  return {
    customerWithPassword: async ({ organizationId, email, password }) => {
      const found = await asAuth(knex, (trx) =>
        trx<Kept>('customers')
          .where({ organization_id: organizationId, email: canonical(email) })
          .whereNull('disabled_at')
          .first('id', 'organization_id', 'email', 'password_hash'),
      )
      return admit(found, password)
    },
    customerHolds: async (trx, { organizationId, id, passwordHash }) => {
      const which = { organization_id: organizationId, id, password_hash: passwordHash }
      return (await trx<Kept>('customers').where(which).whereNull('disabled_at').first('id')) !== undefined
    },
    standing: async ({ organizationId, userId, customerId, sessionId }, trx) => {
      const of = {
        organization: organizationId ?? null,
        person: userId ?? null,
        customer: customerId ?? null,
        session: sessionId ?? null,
      }
      const [row] =
        trx === undefined
          ? await atOnce<StandingRow>(knex, STANDING, of)
          : (await trx.raw<{ rows: StandingRow[] }>(STANDING, of)).rows
      return standingOf(row)
    },
    refreshToken: (hash) => finder.load(hash),
  }
}
