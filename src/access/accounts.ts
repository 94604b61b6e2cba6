import type { Knex } from 'knex'
import { isTaken } from '../db/errors.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { newClientId, newId } from '../ids.js'
import { createOutbox } from '../outbox/enqueue.js'
import { spelled } from './addresses.js'
import type { SecretMaker } from './context.js'
import type { Principal } from './principal.js'

/** Recognisable in a leak: the secret of a person's own provisioning credential. */
const PREFIX = 'gh_user_'

/** A person with a personal provisioning credential. The secret is told here and never again. */
export interface Account {
  readonly userId: string
  readonly email: string
  readonly clientId: string
  readonly clientSecret: string
  /** The account as a caller, for operations in its name. */
  readonly principal: Principal
}

/** An account to be made. */
export interface NewAccount {
  readonly email: string
  readonly firstName?: string
  readonly lastName?: string
  /** As crypto/passwords made it; without it the person cannot sign in with a password. */
  readonly passwordHash?: string
  readonly now: Date
}

/** Makes an account in the caller's transaction. Its address counts as proven: who calls has the proof.
 *  Errors: `taken` (through db/errors) when the address has an account. */
export async function insertAccount(
  trx: Transaction,
  secrets: Pick<SecretMaker, 'newSecret' | 'hash'>,
  account: NewAccount,
): Promise<Account> {
  const { firstName, lastName, passwordHash, now } = account
  const email = spelled(account.email)
  const [userId, credentialId, clientId] = [newId(), newId(), newClientId()]
  const clientSecret = secrets.newSecret(PREFIX)
  const stamps = { created_at: now, updated_at: now }
  await trx('users').insert({
    id: userId,
    email,
    email_verified_at: now,
    first_name: firstName ?? null,
    last_name: lastName ?? null,
    password_hash: passwordHash ?? null,
    password_changed_at: passwordHash === undefined ? null : now,
    ...stamps,
  })
  const secretHash = secrets.hash(clientSecret)
  await trx('user_credentials').insert({
    id: credentialId,
    user_id: userId,
    client_id: clientId,
    secret_hash: secretHash,
    ...stamps,
  })
  const principal: Principal = { kind: 'user', applicationId: credentialId, userId, scope: [], test: false }
  return { userId, email, clientId, clientSecret, principal }
}

/** Makes an account for the operator at the command line, who vouches for its address.
 *  Errors: `taken` (through db/errors) when the address has an account. */
export function createAccount(knex: Knex, secrets: SecretMaker, account: NewAccount): Promise<Account> {
  return asAuth(knex, (trx) => insertAccount(trx, secrets, account))
}

/** Whether nobody has an account and there is no organization here: an installation that has not begun. */
export function isNew(knex: Knex): Promise<boolean> {
  return asAuth(knex, async (trx) => {
    const user = await trx('users').first<{ id: string } | undefined>('id')
    const organization = await trx('organizations').first<{ id: string } | undefined>('id')
    return user === undefined && organization === undefined
  })
}

const CONFIRM = `
  with confirmed as (
    update users set email = unconfirmed_email, email_verified_at = :now, updated_at = :now,
      unconfirmed_email = null, email_token_hash = null, email_token_expires_at = null
    from (select id, email as before from users where email_token_hash = :tokenHash for update) known
    where users.id = known.id and users.email_token_hash = :tokenHash and users.email_token_expires_at > :now
      and users.disabled_at is null
    returning users.id, known.before, users.email
  )
  insert into user_versions (id, user_id, event, changes, created_at)
    select cast(:versionId as text), id, 'update', jsonb_build_object('email', jsonb_build_array(before, email)),
      cast(:now as timestamptz) from confirmed
    returning changes -> 'email' ->> 0 as before`

/** Makes an address count whose mailbox has answered, once; seats follow by trigger, and the address before is told. Commits
 *  on its own.
 *  @returns false for a token that is unknown, used or expired, or when the address has become somebody else's */
export async function confirmEmail(
  { knex, secrets }: { knex: Knex; secrets: Pick<SecretMaker, 'seal'> },
  { tokenHash, now }: { tokenHash: string; now: Date },
): Promise<boolean> {
  const bindings = { tokenHash, now, versionId: newId() }
  try {
    return await asAuth(knex, async (trx) => {
      const { rows } = await trx.raw<{ rows: { before: string }[] }>(CONFIRM, bindings)
      const [confirmed] = rows
      if (confirmed === undefined) return false
      const message = { email: confirmed.before, change: 'address', at: now.toISOString() } as const
      await createOutbox(trx, secrets, now).enqueue({ kind: 'account_changed', ...message })
      return true
    })
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}
