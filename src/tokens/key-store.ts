import type { JWK } from 'jose'
import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import {
  type KeyPair,
  type MakeKeyPair,
  type SignText,
  signerOf,
  type TokenAlg,
  type VerifyText,
  verifierOf,
} from './key-material.js'

const LOCK = 4_715_201
// The longest access token lives a year; a minute more for clocks that differ.
const KEEP_MS = (31_536_000 + 60) * 1000
// What must end at once ends also on an instance whose clock is behind.
const CLOCKS_MS = 60_000
const COLUMNS = [
  'kid',
  'purpose',
  'alg',
  'public_jwk',
  'private_key',
  'active_from',
  'retired_at',
  'expires_at',
] as const

/** What a key signs: access tokens, or id_tokens. A signature for the one is never taken for the other. */
export type KeyPurpose = 'access' | 'identity'

/** The keys of one purpose that new tokens are signed with. */
export interface KeyUse {
  readonly purpose: KeyPurpose
  readonly alg: TokenAlg
}

/** One key of the ring; times in milliseconds. */
export interface RingKey extends KeyUse {
  readonly kid: string
  /** `{"alg","typ","kid"}` in base64url, ready to stand before the first dot. */
  readonly header: string
  readonly publicJwk: JWK
  readonly sign: SignText
  readonly verify: VerifyText
  readonly activeFrom: number
  readonly retiredAt: number | undefined
  readonly expiresAt: number | undefined
}

interface KeyRow {
  kid: string
  purpose: KeyPurpose
  alg: TokenAlg
  public_jwk: JWK
  private_key: string
  active_from: string
  retired_at: string | null
  expires_at: string | null
}

function toRingKey(row: KeyRow, secrets: Secrets): RingKey {
  const { kid, purpose, alg, public_jwk: publicJwk } = row
  return {
    kid,
    purpose,
    alg,
    header: Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid })).toString('base64url'),
    publicJwk,
    sign: signerOf(alg, secrets.open(row.private_key)),
    verify: verifierOf(alg, publicJwk),
    activeFrom: Date.parse(row.active_from),
    retiredAt: row.retired_at === null ? undefined : Date.parse(row.retired_at),
    expiresAt: row.expires_at === null ? undefined : Date.parse(row.expires_at),
  }
}

interface NewKey {
  readonly purpose: KeyPurpose
  readonly secrets: Secrets
  readonly activeFrom: Date
  readonly now: Date
}

const insert = (trx: Transaction, pair: KeyPair, { purpose, secrets, activeFrom, now }: NewKey) =>
  trx('signing_keys').insert({
    kid: pair.kid,
    purpose,
    alg: pair.alg,
    public_jwk: JSON.stringify(pair.publicJwk),
    private_key: secrets.seal(pair.privateKey),
    active_from: activeFrom,
    created_at: now,
  })

const atOnce = (now: Date): Date => new Date(now.getTime() - CLOCKS_MS)

/** Lets changes of the keys take turns, until the transaction ends. */
const lock = (trx: Transaction) => trx.raw('select pg_advisory_xact_lock(?)', [LOCK])

const open = (trx: Transaction, { purpose, alg }: KeyUse) =>
  trx('signing_keys').where({ purpose, alg }).whereNull('retired_at')

/** Makes the first key of a use unless another instance was quicker. */
export async function makeFirst(
  knex: Knex,
  use: KeyUse,
  { secrets, makePair }: { secrets: Secrets; makePair: MakeKeyPair },
): Promise<void> {
  // Made before the lock is taken: the others wait for an insert, not for prime numbers.
  const pair = await makePair(use.alg)
  await asAuth(knex, async (trx) => {
    await lock(trx)
    const now = new Date()
    const rows: KeyRow[] = await open(trx, use).select('kid')
    if (rows.length === 0) await insert(trx, pair, { ...use, secrets, activeFrom: now, now })
  })
}

/** Adds the next key in the caller's transaction and dates the end of those of its purpose before it: `emergency` ends
 *  them now. */
export async function addNext(
  trx: Transaction,
  pair: KeyPair,
  options: NewKey & { emergency: boolean },
): Promise<void> {
  await lock(trx)
  const { purpose, activeFrom, emergency, now } = options
  const end = emergency ? atOnce(now) : new Date(activeFrom.getTime() + KEEP_MS)
  const old = trx('signing_keys').where({ purpose })
  old.where((lasting) => lasting.whereNull('expires_at').orWhere('expires_at', '>', end))
  await old.update({ retired_at: emergency ? end : activeFrom, expires_at: end })
  await insert(trx, pair, options)
}

/** Whether the newest key of a use was made at or before a time; takes the lock, so that of many who ask one acts. */
export async function isOlderThan(trx: Transaction, use: KeyUse, before: Date): Promise<boolean> {
  await lock(trx)
  return (await open(trx, use).where('created_at', '>', before).first('kid')) === undefined
}

/** Sees to it that something signs now, and goes on signing: a coming key is used at once where no other is left, the spare
 *  where none is coming. */
async function replace(trx: Transaction, spare: KeyUse & { pair: KeyPair }, options: Omit<NewKey, 'activeFrom'>) {
  const { now } = options
  const { purpose, alg } = spare
  const usable: { retired_at: string | null } | undefined = await trx('signing_keys')
    .where({ purpose, alg })
    .where('active_from', '<=', now)
    .where((signing) => signing.whereNull('retired_at').orWhere('retired_at', '>', now))
    .orderBy('active_from', 'desc')
    .first('retired_at')
  if (usable === undefined && (await open(trx, spare).update({ active_from: now })) > 0) return
  if ((await open(trx, spare).first('kid')) !== undefined) return
  await insert(trx, spare.pair, { ...options, activeFrom: new Date(usable?.retired_at ?? now) })
}

/** Ends one key of the spare's purpose now, so that what it has signed is dead; the spare stands in where that is needed.
 *  @returns what the key has signed; undefined when there is none of that id, or it has ended already */
export async function endKey(
  trx: Transaction,
  kid: string,
  options: { secrets: Secrets; now: Date; spare: KeyUse & { pair: KeyPair } },
): Promise<KeyPurpose | undefined> {
  const { now, secrets, spare } = options
  const { purpose } = spare
  await lock(trx)
  const ended = await trx('signing_keys')
    .where({ kid, purpose })
    .where((lasting) => lasting.whereNull('expires_at').orWhere('expires_at', '>', now))
    .update({ retired_at: atOnce(now), expires_at: atOnce(now) })
  if (ended === 0) return undefined
  await replace(trx, spare, { purpose, secrets, now })
  return purpose
}

/** Deletes keys that ended before a time. */
export const forgetKeys = (knex: Knex, before: Date): Promise<number> =>
  asAuth(knex, (trx) => trx('signing_keys').where('expires_at', '<=', before).delete())

/** All keys, private parts opened. */
export async function loadKeys(knex: Knex, secrets: Secrets): Promise<RingKey[]> {
  const rows: KeyRow[] = await asAuth(knex, (trx) => trx('signing_keys').select(...COLUMNS))
  return rows.map((row) => toRingKey(row, secrets))
}
