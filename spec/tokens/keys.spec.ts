import { createPublicKey, verify } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint } from 'jose'
import { createSecrets } from '../../src/crypto/secrets.js'
import type { Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { checkFingerprint } from '../../src/tokens/fingerprint.js'
import type { TokenAlg } from '../../src/tokens/key-material.js'
import { createKeyRing, type KeyRing } from '../../src/tokens/keys.js'
import { mintToken } from '../../src/tokens/mint.js'
import { createRevocations, type Revocations } from '../../src/tokens/revocations.js'
import { createVerifier } from '../../src/tokens/verify.js'
import { asRole } from '../support/credentials.js'
import { freshDatabase } from '../support/database.js'
import { audience, claims, issuer } from '../support/tokens.js'

const secrets = createSecrets(Buffer.from('the master key of the specs, which is no secret at all'))
const log = { info: () => undefined, error: () => undefined }

let db: Database
const rings: KeyRing[] = []

const aRing = (alg: TokenAlg = 'RS512'): KeyRing => {
  const ring = createKeyRing(db, secrets, { alg })
  rings.push(ring)
  return ring
}

interface KeyRow {
  purpose: string
  alg: string
  private_key: string
}

const rows = (): Promise<KeyRow[]> =>
  asRole(db, { role: 'auth' }, (trx) => trx('signing_keys').select('*').orderBy('created_at'))

beforeAll(async () => {
  // Its own: an emergency here would end the tokens of every other spec.
  db = await freshDatabase()
  await migrate(db)
}, 60_000)

afterAll(async () => {
  for (const ring of rings) ring.stop()
  await db.close()
})

describe('the key ring', () => {
  test('F15 ten rings started at once on a fresh database make one key of each purpose', async () => {
    const ten = Array.from({ length: 10 }, () => aRing())
    await Promise.all(ten.map((ring) => ring.start()))
    const kids = new Set(ten.map((ring) => ring.signingKey(new Date()).kid))
    expect(kids.size).toBe(1)
    expect((await rows()).map(({ purpose, alg }) => `${purpose} ${alg}`).sort()).toEqual([
      'access RS512',
      'identity RS256',
    ])
  })

  test('private keys are sealed at rest', async () => {
    const text = JSON.stringify(await rows())
    expect(text).not.toMatch(/BEGIN|PRIVATE/)
    expect(text).not.toContain('"d":')
    const sealed = (await rows())[0]?.private_key ?? ''
    expect(sealed).toMatch(/^v1\./)
    expect(secrets.open(sealed)).toContain('BEGIN PRIVATE KEY')
  })

  test('8414-06 the JWKS has public parts only, and the kid is the thumbprint in 64 hex digits', async () => {
    const ring = aRing()
    await ring.start()
    const { keys } = ring.jwks(new Date())
    expect(keys).toHaveLength(2)
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
      const thumbprint = await calculateJwkThumbprint(key, 'sha256')
      expect(key.kid).toBe(Buffer.from(thumbprint, 'base64url').toString('hex'))
    }
  })

  test('F14 the next key is published before its use, the old one stays until the last token has ended', async () => {
    const ring = aRing()
    await ring.start()
    const now = new Date()
    const old = ring.signingKey(now).kid
    const { kid } = await ring.rotate({ now, activateInSeconds: 600 })
    const published = (at: Date) => ring.jwks(at).keys.flatMap((key) => (key.alg === 'RS512' ? [key.kid] : []))
    const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000)
    expect(ring.signingKey(now).kid).toBe(old)
    expect(ring.signingKey(inSeconds(599)).kid).toBe(old)
    expect(ring.signingKey(inSeconds(660)).kid).toBe(kid)
    expect(published(now).sort()).toEqual([old, kid].sort())
    expect(published(inSeconds(600 + 31_536_000))).toContain(old)
    expect(published(inSeconds(800 + 31_536_000))).toEqual([kid])
  })

  test('F14 another instance learns of a new key by its id, at most a second late', async () => {
    const [first, second] = [aRing(), aRing()]
    await Promise.all([first.start(), second.start()])
    const { kid } = await first.rotate({ now: new Date(), activateInSeconds: 0 })
    expect(second.known(kid, new Date())).toBeUndefined()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect((await second.find(kid, new Date()))?.kid).toBe(kid)
  })

  test('unknown ids make the ring look again at most once a second', async () => {
    const ring = aRing()
    await ring.start()
    let reads = 0
    const count = ({ sql }: { sql: string }): void => {
      if (sql.includes('signing_keys')) reads += 1
    }
    db.knex.on('query', count)
    for (let index = 0; index < 50; index += 1) await ring.find(index.toString(16).padStart(64, '0'), new Date())
    db.knex.off('query', count)
    expect(reads).toBeLessThanOrEqual(1)
  })

  test('in an emergency the old keys end at once, on other instances within a second', async () => {
    const revocations = createRevocations(db, { log })
    await revocations.start()
    const other = createKeyRing(db, secrets, { alg: 'RS512', revocations })
    const ring = createKeyRing(db, secrets, { alg: 'RS512', revocations })
    rings.push(other, ring)
    await Promise.all([ring.start(), other.start()])
    const old = ring.signingKey(new Date()).kid
    const { kid, identityKid } = await ring.rotate({ now: new Date(), activateInSeconds: 600, emergency: true })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    for (const each of [ring, other]) {
      expect(each.known(old, new Date())).toBeUndefined()
      expect(each.signingKey(new Date()).kid).toBe(kid)
      expect(each.jwks(new Date()).keys.map((key) => key.kid)).toEqual(expect.arrayContaining([kid, identityKid]))
      expect(each.jwks(new Date()).keys).toHaveLength(2)
    }
    await revocations.stop()
  })

  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    '%s signs and verifies, beside keys of other algorithms',
    async (alg) => {
      const ring = aRing(alg)
      await ring.start()
      const key = ring.signingKey(new Date())
      expect(key.alg).toBe(alg)
      const signature = await key.sign('header.payload')
      expect(key.verify('header.payload', signature)).toBe(true)
      expect(key.verify('header.payloae', signature)).toBe(false)
      expect(ring.jwks(new Date()).keys.length).toBeGreaterThan(1)
      const foreign = createPublicKey({ key: key.publicJwk as Record<string, unknown>, format: 'jwk' })
      const hash = alg === 'EdDSA' ? null : 'sha256'
      const bytes = Buffer.from(signature, 'base64url')
      expect(verify(hash, Buffer.from('header.payload'), { key: foreign, dsaEncoding: 'ieee-p1363' }, bytes)).toBe(true)
    },
  )

  test('a database made with another master key stops the start with a clear text', async () => {
    await checkFingerprint(db, secrets.fingerprint)
    await checkFingerprint(db, secrets.fingerprint)
    const other = createSecrets(Buffer.from('another master key, also long enough'))
    await expect(checkFingerprint(db, other.fingerprint)).rejects.toThrow(
      'The SECRET_KEY is not the one this database was made with',
    )
  })
})

const within = async (milliseconds: number, met: () => boolean): Promise<boolean> => {
  const end = performance.now() + milliseconds
  while (!met() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  return met()
}
const later = (seconds: number): Date => new Date(Date.now() + seconds * 1000)
const kidsOf = (one: KeyRing): (string | undefined)[] => one.jwks(new Date()).keys.map((key) => key.kid)

const DAY = 86_400

describe('changes of the keys', () => {
  let revocations: Revocations
  let ring: KeyRing
  let other: KeyRing

  beforeAll(async () => {
    revocations = createRevocations(db, { log })
    await revocations.start()
  })
  afterAll(() => revocations.stop())

  beforeEach(async () => {
    await asRole(db, { role: 'auth' }, (trx) => trx('signing_keys').delete())
    ring = createKeyRing(db, secrets, { alg: 'ES256', revocations })
    other = createKeyRing(db, secrets, { alg: 'ES256', revocations })
    await ring.start()
    await other.start()
  })
  afterEach(() => {
    ring.stop()
    other.stop()
  })

  describe('withdrawing a signing key', () => {
    test('F14 its tokens are dead on every instance within a second, and another key signs at once', async () => {
      const key = ring.signingKey(new Date())
      const verifiers = [ring, other].map((keys) => createVerifier({ keys, revocations, issuer, audience }))
      const token = await mintToken(ring, claims(), new Date())
      for (const { verify } of verifiers) await expect(verify(token, new Date())).resolves.toBeDefined()
      expect(await ring.withdraw(key.kid, new Date())).toBe('access')
      expect(await within(1000, () => other.known(key.kid, new Date()) === undefined)).toBe(true)
      for (const { verify } of verifiers) await expect(verify(token, new Date())).rejects.toThrow('revoked')
      const next = ring.signingKey(new Date()).kid
      expect(next).not.toBe(key.kid)
      for (const one of [ring, other]) {
        expect(one.signingKey(new Date()).kid).toBe(next)
        expect(kidsOf(one)).toContain(next)
        expect(kidsOf(one)).not.toContain(key.kid)
      }
      // It ends what this key has signed and nothing else.
      const fresh = await mintToken(ring, claims(), new Date())
      for (const { verify } of verifiers) await expect(verify(fresh, new Date())).resolves.toBeDefined()
    })

    test('a coming key that is published already takes its place', async () => {
      const present = ring.signingKey(new Date()).kid
      const { kid: coming } = await ring.rotate({ now: new Date(), activateInSeconds: 600 })
      await ring.withdraw(present, new Date())
      expect(ring.signingKey(new Date()).kid).toBe(coming)
      expect(kidsOf(ring)).toHaveLength(3)
    })

    test('where the coming key is withdrawn, the present one signs on until another has been published as long', async () => {
      const present = ring.signingKey(new Date()).kid
      const { kid: coming } = await ring.rotate({ now: new Date(), activateInSeconds: 600 })
      await ring.withdraw(coming, new Date())
      expect(ring.signingKey(later(590)).kid).toBe(present)
      const spare = ring.signingKey(later(660)).kid
      expect([present, coming]).not.toContain(spare)
      expect(kidsOf(ring)).toEqual(expect.arrayContaining([present, spare]))
    })

    test('an old key that signs no more is withdrawn without a change of the present one', async () => {
      const old = ring.signingKey(new Date()).kid
      await ring.rotate({ now: new Date(), activateInSeconds: 0 })
      const present = ring.signingKey(later(1)).kid
      const { kid: coming } = await ring.rotate({ now: later(2), activateInSeconds: 600 })
      await ring.withdraw(old, later(3))
      expect(ring.signingKey(later(10)).kid).toBe(present)
      expect(ring.signingKey(later(700)).kid).toBe(coming)
    })

    test('the key of id_tokens is withdrawn alone', async () => {
      const [access, identity] = [ring.signingKey(new Date()).kid, ring.identityKey(new Date()).kid]
      expect(await ring.withdraw(identity, new Date())).toBe('identity')
      expect(ring.signingKey(new Date()).kid).toBe(access)
      expect(ring.identityKey(new Date())).toMatchObject({ alg: 'RS256', purpose: 'identity' })
      expect(ring.identityKey(new Date()).kid).not.toBe(identity)
    })

    test('an unknown key, and one that is withdrawn already, are told', async () => {
      const { kid } = ring.signingKey(new Date())
      expect(await ring.withdraw('0'.repeat(64), new Date())).toBeUndefined()
      expect(await ring.withdraw(kid, new Date())).toBe('access')
      expect(await ring.withdraw(kid, new Date())).toBeUndefined()
    })

    test('an instance that cannot read the news at once reads them half a second later', async () => {
      const { kid } = ring.signingKey(new Date())
      const failing = db.knex.client.acquireConnection
      let refused = 0
      db.knex.client.acquireConnection = () => {
        refused += 1
        return Promise.reject(new Error('no connection'))
      }
      await expect(other.reload()).rejects.toThrow('no connection')
      db.knex.client.acquireConnection = failing
      await ring.withdraw(kid, new Date())
      expect(await within(1500, () => other.known(kid, new Date()) === undefined)).toBe(true)
      expect(refused).toBeGreaterThan(0)
    })
  })

  describe('the scheduled rotation', () => {
    const days = (count: number) => ({ maxAgeSeconds: count * DAY, activateInSeconds: 3600 })

    test('F14 makes the next key of each purpose when the present ones are old, once whoever asks', async () => {
      const [access, identity] = [ring.signingKey(new Date()).kid, ring.identityKey(new Date()).kid]
      expect(await ring.rotateOlderThan({ now: later(89 * DAY), ...days(90) })).toEqual([])
      const now = later(91 * DAY)
      const made = await Promise.all([ring, other].map((one) => one.rotateOlderThan({ now, ...days(90) })))
      expect(made.flat()).toHaveLength(2)
      expect(await ring.rotateOlderThan({ now, ...days(90) })).toEqual([])
      await ring.reload()
      // Published now, used an hour later.
      const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1000)
      expect(ring.jwks(now).keys.map((key) => key.kid)).toEqual(expect.arrayContaining(made.flat()))
      expect([ring.signingKey(at(3599)).kid, ring.identityKey(at(3599)).kid]).toEqual([access, identity])
      expect(made.flat().sort()).toEqual([ring.signingKey(at(3601)).kid, ring.identityKey(at(3601)).kid].sort())
    })

    test('a key is forgotten when all that it signed has ended, not before', async () => {
      const old = ring.signingKey(new Date()).kid
      await ring.rotate({ now: new Date(), activateInSeconds: 0 })
      expect(await ring.forget(later(365 * DAY))).toBe(0)
      expect(await ring.forget(later(366 * DAY))).toBe(2)
      await ring.reload()
      expect(ring.known(old, new Date())).toBeUndefined()
    })
  })
})
