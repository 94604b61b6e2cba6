import type { Knex } from 'knex'
import { isTaken } from '../db/errors.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { createOutbox } from '../outbox/enqueue.js'
import { addToHistory } from '../tokens/account-history.js'
import { type Account, insertAccount } from './accounts.js'
import type { SecretMaker } from './context.js'
import { seatInvitedIn } from './invitations.js'
import { findMailedToken, keepMailedToken, type Mailbox, useMailedToken } from './mailed-tokens.js'

/** Recognisable in a leak: the token of a mail that leads to an account. */
const PREFIX = 'gh_signup_'
/** How long it is good, in seconds. */
const LIFE = 24 * 3600

interface Place {
  readonly knex: Knex
  readonly secrets: SecretMaker
}

/** What a person says of themself when they get an account. */
export interface NewPerson {
  readonly firstName: string
  readonly lastName: string
  readonly passwordHash: string
}

interface Making extends NewPerson {
  readonly now: Date
  readonly requestId: string
}

/** Mails the way to an account to an address that has none. One that has an account is told so instead, which takes as
 *  long. No account comes to be before its mailbox has answered (ATTACKS C6).
 *  @param email as access/addresses has it */
export async function askForAccount(
  { knex, secrets }: Place,
  { email, now }: { email: string; now: Date },
): Promise<void> {
  const token = secrets.newSecret(PREFIX)
  await asAuth(knex, async (trx) => {
    const user: { id: string } | undefined = await trx('users').where({ email }).first('id')
    const expiresAt = await keepMailedToken(trx, {
      purpose: 'sign_up',
      tokenHash: secrets.hash(token),
      email,
      userId: user?.id ?? null,
      lifeSeconds: LIFE,
      pretended: user !== undefined,
      now,
    })
    const outbox = createOutbox(trx, secrets, now)
    if (user === undefined) await outbox.enqueue({ kind: 'sign_up', email, token, expiresAt: expiresAt.toISOString() })
    else await outbox.enqueue({ kind: 'known_address', email })
  })
}

/** Which address may sign up with a mailed token; undefined when it is not good (any more). */
export function readSignUp(
  { knex, secrets }: Place,
  { token, now }: { token: string; now: Date },
): Promise<Mailbox | undefined> {
  return findMailedToken(knex, { purpose: 'sign_up', tokenHash: secrets.hash(token), now })
}

/** Makes the account of a person whose mailbox has answered, and the first line of its history. */
async function insertPerson(
  trx: Transaction,
  secrets: SecretMaker,
  { email, requestId, ...person }: Making & { email: string },
): Promise<Account> {
  const account = await insertAccount(trx, secrets, { ...person, email })
  const { userId } = account
  const { firstName, lastName, now } = person
  const changes = { email: [null, email], first_name: [null, firstName], last_name: [null, lastName] } as const
  await addToHistory(trx, { userId, event: 'create', changes, now, requestId })
  return account
}

/** Thrown to roll back, and caught here. */
class NotOpen extends Error {}

/** What an attempt to make an account comes to: undefined when its token is not good, `known` when the address has got an
 *  account meanwhile. */
export type SignedUp = Account | 'known' | undefined

async function attempt(work: Promise<Account | undefined>): Promise<SignedUp> {
  try {
    return await work
  } catch (error) {
    if (error instanceof NotOpen) return undefined
    if (isTaken(error)) return 'known'
    throw error
  }
}

/** Makes the account that a mailed token is for, once. */
export function signUp({ knex, secrets }: Place, { token, ...making }: Making & { token: string }): Promise<SignedUp> {
  const work = asAuth(knex, async (trx) => {
    const returned = { purpose: 'sign_up', tokenHash: secrets.hash(token), now: making.now } as const
    const mailbox = await useMailedToken(trx, returned)
    return mailbox && insertPerson(trx, secrets, { ...making, email: mailbox.email })
  })
  return attempt(work)
}

/** Makes the account of an invited address and seats it, both or neither: the invitation's token proves the mailbox. */
export function joinInvited(
  { knex, secrets }: Place,
  { token, email, ...making }: Making & { token: string; email: string },
): Promise<SignedUp> {
  const work = asAuth(knex, async (trx) => {
    const account = await insertPerson(trx, secrets, { ...making, email })
    const { now, requestId } = making
    const seat = { tokenHash: secrets.hash(token), now, userId: account.userId, requestId }
    if ((await seatInvitedIn(trx, seat)) === undefined) throw new NotOpen()
    return account
  })
  return attempt(work)
}
