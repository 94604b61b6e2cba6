import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { makeKeyPair } from './key-material.js'
import { addNext, endKey, forgetKeys, isOlderThan, type KeyPurpose, type KeyUse, type RingKey } from './key-store.js'
import type { Revocations } from './revocations.js'

/** Announced when the keys have changed; every instance reads them again. */
export const KEYS_TOPIC = 'signing_keys'
const TOLD_MS = 600_000

/** Changes of the keys. Each is told to all instances, where it counts within a second. */
export interface KeyChanges {
  /** Makes the next key of every purpose, published now and used after `activateInSeconds`. `emergency`: used at once, and
   *  the others are expired at once, so that tokens signed with them die.
   *  @returns the id of the one that signs access tokens, and of the one that signs id_tokens */
  rotate(options: {
    now: Date
    activateInSeconds: number
    emergency?: boolean
  }): Promise<{ kid: string; identityKid: string }>
  /** As `rotate`, for those purposes whose newest key is that old. Twice is once.
   *  @returns the ids of the keys made */
  rotateOlderThan(options: { now: Date; maxAgeSeconds: number; activateInSeconds: number }): Promise<string[]>
  /** Ends one key: every token that it signed is dead, and another key signs at once.
   *  @returns what it has signed; undefined when no living key has that id */
  withdraw(kid: string, now: Date): Promise<KeyPurpose | undefined>
  /** Deletes the keys that ended before a time.  @returns how many */
  forget(before: Date): Promise<number>
}

interface ChangeParts {
  readonly knex: Knex
  readonly secrets: Secrets
  /** What new tokens are signed with, of every purpose. */
  readonly uses: { readonly access: KeyUse; readonly identity: KeyUse }
  readonly revocations: Pick<Revocations, 'tell'> | undefined
  readonly ring: {
    /** Reads it again. */
    load(): Promise<void>
    known(kid: string, now: Date): RingKey | undefined
  }
}

const later = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

const pairFor = async (use: KeyUse) => ({ ...use, pair: await makeKeyPair(use.alg) })

/** Makes the changes of a ring. Keys are made before any lock is taken: others wait for an insert, not for prime numbers.
 *  Source: DECISIONS 4; ATTACKS F14 */
export function createKeyChanges({ knex, secrets, uses, revocations, ring }: ChangeParts): KeyChanges {
  const tell = async (trx: Transaction, now: Date): Promise<void> =>
    revocations?.tell(trx, { topic: KEYS_TOPIC, now, expiresAt: new Date(now.getTime() + TOLD_MS) })
  const change = async <T>(now: Date, work: (trx: Transaction) => Promise<T>): Promise<T> => {
    const done = await asAuth(knex, async (trx) => {
      const answer = await work(trx)
      await tell(trx, now)
      return answer
    })
    await ring.load()
    return done
  }
  return {
    rotate: async ({ now, activateInSeconds, emergency = false }) => {
      const started = performance.now()
      const [access, identity] = await Promise.all([pairFor(uses.access), pairFor(uses.identity)])
      // The delay counts from here: a busy machine takes seconds for prime numbers.
      const taken = (performance.now() - started) / 1000
      const activeFrom = emergency ? now : later(now, taken + activateInSeconds)
      await change(now, async (trx) => {
        for (const { pair, purpose } of [access, identity]) {
          await addNext(trx, pair, { purpose, secrets, now, activeFrom, emergency })
        }
      })
      return { kid: access.pair.kid, identityKid: identity.pair.kid }
    },
    rotateOlderThan: async ({ now, maxAgeSeconds, activateInSeconds }) => {
      const before = later(now, -maxAgeSeconds)
      const old = (use: KeyUse) => asAuth(knex, (trx) => isOlderThan(trx, use, before))
      const made: string[] = []
      for (const use of [uses.access, uses.identity]) {
        if (!(await old(use))) continue
        const { pair, purpose } = await pairFor(use)
        await change(now, async (trx) => {
          if (!(await isOlderThan(trx, use, before))) return
          const activeFrom = later(now, activateInSeconds)
          await addNext(trx, pair, { purpose, secrets, now, activeFrom, emergency: false })
          made.push(pair.kid)
        })
      }
      return made
    },
    withdraw: async (kid, now) => {
      await ring.load()
      const key = ring.known(kid, now)
      if (key === undefined) return undefined
      const spare = await pairFor(uses[key.purpose])
      return change(now, (trx) => endKey(trx, kid, { secrets, now, spare }))
    },
    forget: (before) => forgetKeys(knex, before),
  }
}
