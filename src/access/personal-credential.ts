import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { createOutbox } from '../outbox/enqueue.js'
import type { AccountChangedMessage } from '../outbox/messages.js'
import { addToHistory, type OwnChange } from '../tokens/account-history.js'
import type { SecretMaker } from './context.js'

/** As the first secret has it: recognisable in a leak. */
const SECRET_PREFIX = 'gh_user_'

/** A person's own provisioning credential, without its secret. */
export interface PersonalCredential {
  readonly clientId: string
  readonly disabledAt: string | null
  readonly lastUsedAt: string | null
}

/** What personal credentials are changed with. */
export interface CredentialParts {
  readonly knex: Knex
  readonly secrets: Pick<SecretMaker, 'newSecret' | 'hash' | 'seal'>
}

interface Change {
  readonly userId: string
  readonly now: Date
  readonly requestId: string
}

/** The personal credential of a user. */
export function personalCredentialOf(knex: Knex, userId: string): Promise<PersonalCredential | undefined> {
  return asAuth(knex, (trx) =>
    trx('user_credentials')
      .where({ user_id: userId })
      .first({ clientId: 'client_id', disabledAt: 'disabled_at', lastUsedAt: 'last_used_at' }),
  )
}

interface Alteration {
  readonly set: Record<string, unknown>
  readonly changes: OwnChange['changes']
  readonly change: AccountChangedMessage['change']
}

/** Changes the credential, tells the person, and leaves a line of history. Triggers end every token that it has got and
 *  tell all instances. */
async function alter(
  { knex, secrets }: CredentialParts,
  { userId, now, requestId }: Change,
  { set, changes, change }: Alteration,
): Promise<void> {
  await asAuth(knex, async (trx) => {
    const [row] = await trx('user_credentials')
      .where({ user_id: userId })
      .update({ ...set, updated_at: now })
      .returning('id')
    if (row === undefined) return
    await addToHistory(trx, { userId, changes, now, requestId })
    const { email } = await trx('users').where({ id: userId }).first('email')
    await createOutbox(trx, secrets, now).enqueue({ kind: 'account_changed', email, change, at: now.toISOString() })
  })
}

/** Makes a new secret in place of the old one, which is no use at once, nor are tokens that it has got.
 *  @returns the secret, told here only */
export async function renewPersonalSecret(parts: CredentialParts, change: Change): Promise<string> {
  const secret = parts.secrets.newSecret(SECRET_PREFIX)
  const secretHash = parts.secrets.hash(secret)
  const changes: OwnChange['changes'] = { personal_secret: ['old', 'new'] }
  await alter(parts, change, { set: { secret_hash: secretHash }, changes, change: 'secret' })
  return secret
}

/** Switches the credential off, with every token that it has got, or on again. */
export function switchPersonalCredential(parts: CredentialParts, change: Change & { on: boolean }): Promise<void> {
  const { on, now } = change
  const set = { disabled_at: on ? null : now }
  const changes: OwnChange['changes'] = { personal_credential: on ? ['off', 'on'] : ['on', 'off'] }
  return alter(parts, change, { set, changes, change: on ? 'credential_on' : 'credential_off' })
}
