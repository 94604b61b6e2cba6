import type { JWK } from 'jose'
import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { type MakeKeyPair, makeKeyPair, type TokenAlg } from './key-material.js'
import { createKeyChanges, KEYS_TOPIC, type KeyChanges } from './key-rotation.js'
import { type KeyUse, loadKeys, makeFirst, type RingKey } from './key-store.js'
import { EVERYTHING, type Revocations } from './revocations.js'

const RELOAD_MS = 30_000
const UNKNOWN_KID_MS = 1000
const RETRY_MS = 500
/** Every OpenID Connect client knows RS256, many know nothing else. Source: OpenID Connect Core §15.1 */
const IDENTITY: KeyUse = { purpose: 'identity', alg: 'RS256' }

/** The keys of this installation, as rows of `signing_keys`, private parts sealed. */
export interface KeyRing extends KeyChanges {
  /** Loads the ring; makes the first keys where there are none, once however many instances start at the same time. */
  start(): Promise<void>
  stop(): void
  reload(): Promise<void>
  /** The key to sign access tokens with: the newest active one of the configured algorithm. Throws Error when there is none. */
  signingKey(now: Date): RingKey
  /** The key to sign id_tokens with; RS256. */
  identityKey(now: Date): RingKey
  /** The key with this id if it has not expired; an unknown id makes the ring look again, at most once a second. */
  find(kid: string, now: Date): Promise<RingKey | undefined>
  /** As `find`, without looking again. */
  known(kid: string, now: Date): RingKey | undefined
  /** Public keys of all not yet expired, those not yet active too. Source: RFC 7517 §5. */
  jwks(now: Date): { keys: JWK[] }
}

function newestUsable(keys: readonly RingKey[], use: KeyUse, at: number): RingKey | undefined {
  const open = keys
    .filter((key) => key.purpose === use.purpose && key.alg === use.alg)
    .filter((key) => key.retiredAt === undefined || key.retiredAt > at)
    .sort((a, b) => b.activeFrom - a.activeFrom)
  // The first key may have been made by an instance whose clock is ahead of ours: better early than not at all.
  return open.find((key) => key.activeFrom <= at) ?? open.at(-1)
}

/** The rows in memory; what is loaded stays in use while the database is away. */
function createRing(knex: Knex, secrets: Secrets) {
  let ring = new Map<string, RingKey>()
  let lookedAt = Number.NEGATIVE_INFINITY
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  const read = async (): Promise<void> => {
    const started = performance.now()
    lookedAt = started
    const keys = await loadKeys(knex, secrets)
    // Of two reads at once the later one counts, whichever ends last: the earlier may still hold a key that was withdrawn.
    if (started < readAt) return
    readAt = started
    ring = new Map(keys.map((key) => [key.kid, key]))
  }
  const load = (): Promise<void> => {
    const current = read()
    reading = current
    return current
  }
  const known = (kid: string, now: Date): RingKey | undefined => {
    const key = ring.get(kid)
    return key && (key.expiresAt === undefined || key.expiresAt > now.getTime()) ? key : undefined
  }
  return {
    load,
    known,
    find: async (kid: string, now: Date): Promise<RingKey | undefined> => {
      // What is being read may have it: under load that takes long enough for many to ask.
      if (!ring.has(kid)) await reading?.catch(() => undefined)
      if (!ring.has(kid) && performance.now() - lookedAt > UNKNOWN_KID_MS) await load()
      return known(kid, now)
    },
    all: () => [...ring.values()],
  }
}

/** Keeps the ring fresh: every half minute, and when another instance tells of a change; what fails is tried again soon,
 *  for it may be a withdrawal. Returns how to stop it. */
function keepFresh(load: () => Promise<void>, revocations: Pick<Revocations, 'onChange'> | undefined): () => void {
  let again: NodeJS.Timeout | undefined
  const loadQuietly = (): void => {
    clearTimeout(again)
    load().catch(() => {
      clearTimeout(again)
      again = setTimeout(loadQuietly, RETRY_MS).unref()
    })
  }
  const timer = setInterval(loadQuietly, RELOAD_MS).unref()
  const unsubscribe = revocations?.onChange((topic) => {
    if (topic === KEYS_TOPIC || topic === EVERYTHING) loadQuietly()
  })
  return () => {
    clearInterval(timer)
    clearTimeout(again)
    unsubscribe?.()
  }
}

interface KeyRingOptions {
  readonly alg: TokenAlg
  readonly revocations?: Pick<Revocations, 'onChange' | 'tell'>
  /** Where the first keys come from, for who has begun to make them ahead. */
  readonly makePair?: MakeKeyPair | undefined
}

/** Makes the key ring. `alg` is what new access tokens are signed with; keys of other algorithms go on verifying.
 *  With `revocations`, a rotation anywhere counts here within a second. Source: DESIGN 3.5 "Key ring", ATTACKS F14, F15. */
export function createKeyRing(
  { knex }: Pick<Database, 'knex'>,
  secrets: Secrets,
  { alg, revocations, makePair = makeKeyPair }: KeyRingOptions,
): KeyRing {
  const ring = createRing(knex, secrets)
  const uses = { access: { purpose: 'access', alg }, identity: IDENTITY } as const
  let stop = (): void => undefined
  const keyFor = (use: KeyUse, now: Date): RingKey => {
    const key = newestUsable(ring.all(), use, now.getTime())
    if (!key) throw new Error(`no active ${use.alg} key for ${use.purpose} tokens: was the key ring started?`)
    return key
  }
  return {
    start: async () => {
      await ring.load()
      for (const use of [uses.access, uses.identity]) {
        if (newestUsable(ring.all(), use, Date.now())) continue
        await makeFirst(knex, use, { secrets, makePair })
        await ring.load()
      }
      stop = keepFresh(ring.load, revocations)
    },
    stop: () => stop(),
    reload: ring.load,
    signingKey: (now) => keyFor(uses.access, now),
    identityKey: (now) => keyFor(uses.identity, now),
    known: ring.known,
    find: ring.find,
    jwks: (now) => ({ keys: ring.all().flatMap(({ kid }) => ring.known(kid, now)?.publicJwk ?? []) }),
    ...createKeyChanges({ knex, secrets, uses, revocations, ring }),
  }
}
