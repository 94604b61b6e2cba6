import type { JWK } from 'jose'
import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import { asAuth } from '../db/roles.js'
import {
  type KeyPair,
  makeKeyPair,
  type SignText,
  signerOf,
  type TokenAlg,
  type VerifyText,
  verifierOf,
} from './key-material.js'

const LOCK = 4_715_201
// The longest access token lives a year; a minute more for clocks that differ.
const KEEP_MS = (31_536_000 + 60) * 1000

/** One key of the ring; times in milliseconds. */
export interface RingKey {
  readonly kid: string
  readonly alg: TokenAlg
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
  alg: TokenAlg
  public_jwk: JWK
  private_key: string
  active_from: string
  retired_at: string | null
  expires_at: string | null
}

function toRingKey(row: KeyRow, secrets: Secrets): RingKey {
  const { kid, alg, public_jwk: publicJwk } = row
  return {
    kid,
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

const insert = (trx: Knex.Transaction, pair: KeyPair, options: { secrets: Secrets; activeFrom: Date; now: Date }) =>
  trx('signing_keys').insert({
    kid: pair.kid,
    alg: pair.alg,
    public_jwk: JSON.stringify(pair.publicJwk),
    private_key: options.secrets.seal(pair.privateKey),
    active_from: options.activeFrom,
    created_at: options.now,
  })

/** Makes the first key of an algorithm unless another instance was quicker. */
export async function makeFirst(knex: Knex, secrets: Secrets, alg: TokenAlg): Promise<void> {
  // Made before the lock is taken: the others wait for an insert, not for prime numbers.
  const pair = await makeKeyPair(alg)
  await asAuth(knex, async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?)', [LOCK])
    const now = new Date()
    const rows: KeyRow[] = await trx('signing_keys').where({ alg }).whereNull('retired_at').select('kid')
    if (rows.length === 0) await insert(trx, pair, { secrets, activeFrom: now, now })
  })
}

/** Adds the next key in the caller's transaction and dates the end of those before it: `emergency` ends them now. */
export async function addNext(
  trx: Knex.Transaction,
  pair: KeyPair,
  options: { secrets: Secrets; now: Date; activeFrom: Date; emergency: boolean },
): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(?)', [LOCK])
  const { activeFrom, emergency, now } = options
  const end = emergency ? now : new Date(activeFrom.getTime() + KEEP_MS)
  const old = trx('signing_keys').where((open) => open.whereNull('expires_at').orWhere('expires_at', '>', end))
  await old.update({ retired_at: emergency ? now : activeFrom, expires_at: end })
  await insert(trx, pair, options)
}

/** All keys, private parts opened. */
export async function loadKeys(knex: Knex, secrets: Secrets): Promise<RingKey[]> {
  const rows: KeyRow[] = await asAuth(knex, (trx) =>
    trx('signing_keys').select('kid', 'alg', 'public_jwk', 'private_key', 'active_from', 'retired_at', 'expires_at'),
  )
  return rows.map((row) => toRingKey(row, secrets))
}
