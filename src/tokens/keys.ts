import type { JWK } from 'jose'
import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { asAuth } from '../db/roles.js'
import { makeKeyPair, type TokenAlg } from './key-material.js'
import { addNext, loadKeys, makeFirst, type RingKey } from './key-store.js'
import { EVERYTHING, type Revocations } from './revocations.js'

const TOPIC = 'signing_keys'
const RELOAD_MS = 30_000
const UNKNOWN_KID_MS = 1000

/** The keys of this installation, as rows of `signing_keys`, private parts sealed. */
export interface KeyRing {
  /** Loads the ring; makes the first key where there is none, once however many instances start at the same time. */
  start(): Promise<void>
  stop(): void
  reload(): Promise<void>
  /** The key to sign with: the newest active one of the configured algorithm. Throws Error when there is none. */
  signingKey(now: Date): RingKey
  /** The key with this id if it has not expired; an unknown id makes the ring look again, at most once a second. */
  find(kid: string, now: Date): Promise<RingKey | undefined>
  /** As `find`, without looking again. */
  known(kid: string, now: Date): RingKey | undefined
  /** Public keys of all not yet expired, those not yet active too. Source: RFC 7517 §5. */
  jwks(now: Date): { keys: JWK[] }
  /** Makes the next key, published now and used after `activateInSeconds`. `emergency`: used at once, and the others
   *  are expired at once, so that tokens signed with them die. */
  rotate(options: { now: Date; activateInSeconds: number; emergency?: boolean }): Promise<{ kid: string }>
}

function newestUsable(keys: readonly RingKey[], alg: TokenAlg, at: number): RingKey | undefined {
  const open = keys
    .filter((key) => key.alg === alg && (key.retiredAt === undefined || key.retiredAt > at))
    .sort((a, b) => b.activeFrom - a.activeFrom)
  // The first key may have been made by an instance whose clock is ahead of ours: better early than not at all.
  return open.find((key) => key.activeFrom <= at) ?? open.at(-1)
}

/** The rows in memory; what is loaded stays in use while the database is away. */
function createRing(knex: Knex, secrets: Secrets) {
  let ring = new Map<string, RingKey>()
  let lookedAt = Number.NEGATIVE_INFINITY
  const load = async (): Promise<void> => {
    lookedAt = performance.now()
    ring = new Map((await loadKeys(knex, secrets)).map((key) => [key.kid, key]))
  }
  const known = (kid: string, now: Date): RingKey | undefined => {
    const key = ring.get(kid)
    return key && (key.expiresAt === undefined || key.expiresAt > now.getTime()) ? key : undefined
  }
  return {
    load,
    known,
    find: async (kid: string, now: Date): Promise<RingKey | undefined> => {
      if (!ring.has(kid) && performance.now() - lookedAt > UNKNOWN_KID_MS) await load()
      return known(kid, now)
    },
    all: () => [...ring.values()],
    // The next beat loads again; until then the old ring is the best there is.
    loadQuietly: (): void => void load().catch(() => undefined),
  }
}

/** Keeps the ring fresh: every half minute, and when another instance tells of a rotation. Returns how to stop it. */
function keepFresh(load: () => void, revocations: Pick<Revocations, 'onChange'> | undefined): () => void {
  const timer = setInterval(load, RELOAD_MS).unref()
  const unsubscribe = revocations?.onChange((topic) => {
    if (topic === TOPIC || topic === EVERYTHING) load()
  })
  return () => {
    clearInterval(timer)
    unsubscribe?.()
  }
}

/** Makes the key ring. `alg` is what new tokens are signed with; keys of other algorithms go on verifying.
 *  With `revocations`, a rotation anywhere counts here within a second. Source: DESIGN 3.5 "Key ring", ATTACKS F14, F15. */
export function createKeyRing(
  { knex }: Pick<Database, 'knex'>,
  secrets: Secrets,
  { alg, revocations }: { alg: TokenAlg; revocations?: Pick<Revocations, 'onChange' | 'tell'> },
): KeyRing {
  const ring = createRing(knex, secrets)
  let stop = (): void => undefined
  return {
    start: async () => {
      await ring.load()
      if (!newestUsable(ring.all(), alg, Date.now())) {
        await makeFirst(knex, secrets, alg)
        await ring.load()
      }
      stop = keepFresh(ring.loadQuietly, revocations)
    },
    stop: () => stop(),
    reload: ring.load,
    signingKey: (now) => {
      const key = newestUsable(ring.all(), alg, now.getTime())
      if (!key) throw new Error(`no active ${alg} key: was the key ring started?`)
      return key
    },
    known: ring.known,
    find: ring.find,
    jwks: (now) => ({ keys: ring.all().flatMap(({ kid }) => ring.known(kid, now)?.publicJwk ?? []) }),
    rotate: async ({ now, activateInSeconds, emergency = false }) => {
      const pair = await makeKeyPair(alg)
      const activeFrom = emergency ? now : new Date(now.getTime() + activateInSeconds * 1000)
      await asAuth(knex, async (trx) => {
        await addNext(trx, pair, { secrets, now, activeFrom, emergency })
        await revocations?.tell(trx, { topic: TOPIC, now, expiresAt: new Date(now.getTime() + 600_000) })
      })
      await ring.load()
      return { kid: pair.kid }
    },
  }
}
