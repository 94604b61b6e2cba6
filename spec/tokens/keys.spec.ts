import { createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint } from 'jose'
import { createSecrets } from '../../src/crypto/secrets.js'
import type { Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { checkFingerprint } from '../../src/tokens/fingerprint.js'
import type { TokenAlg } from '../../src/tokens/key-material.js'
import { createKeyRing, type KeyRing } from '../../src/tokens/keys.js'
import { createRevocations } from '../../src/tokens/revocations.js'
import { asRole } from '../support/credentials.js'
import { freshDatabase } from '../support/database.js'

const secrets = createSecrets(Buffer.from('the master key of the specs, which is no secret at all'))
const log = { info: () => undefined, error: () => undefined }

let db: Database
const rings: KeyRing[] = []

const aRing = (alg: TokenAlg = 'RS512'): KeyRing => {
  const ring = createKeyRing(db, secrets, { alg })
  rings.push(ring)
  return ring
}

const rows = () => asRole(db, { role: 'auth' }, (trx) => trx('signing_keys').select('*').orderBy('created_at'))

beforeAll(async () => {
  // Its own: an emergency here would end the tokens of every other spec.
  db = await freshDatabase()
  await migrate(db)
})

afterAll(async () => {
  for (const ring of rings) ring.stop()
  await db.close()
})

describe('the key ring', () => {
  test('F15 ten rings started at once on a fresh database make one key', async () => {
    const ten = Array.from({ length: 10 }, () => aRing())
    await Promise.all(ten.map((ring) => ring.start()))
    const kids = new Set(ten.map((ring) => ring.signingKey(new Date()).kid))
    expect(kids.size).toBe(1)
    expect(await rows()).toHaveLength(1)
  })

  test('private keys are sealed at rest', async () => {
    const text = JSON.stringify(await rows())
    expect(text).not.toMatch(/BEGIN|PRIVATE/)
    expect(text).not.toContain('"d":')
    const [row] = await rows()
    expect(row.private_key).toMatch(/^v1\./)
    expect(secrets.open(row.private_key)).toContain('BEGIN PRIVATE KEY')
  })

  test('8414-06 the JWKS has public parts only, and the kid is the thumbprint in 64 hex digits', async () => {
    const ring = aRing()
    await ring.start()
    const { keys } = ring.jwks(new Date())
    expect(keys).toHaveLength(1)
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
    const published = (at: Date) => ring.jwks(at).keys.map((key) => key.kid)
    const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000)
    expect(ring.signingKey(now).kid).toBe(old)
    expect(ring.signingKey(inSeconds(599)).kid).toBe(old)
    expect(ring.signingKey(inSeconds(601)).kid).toBe(kid)
    expect(published(now).sort()).toEqual([old, kid].sort())
    expect(published(inSeconds(601 + 31_536_000))).toContain(old)
    expect(published(inSeconds(700 + 31_536_000))).toEqual([kid])
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
    const { kid } = await ring.rotate({ now: new Date(), activateInSeconds: 600, emergency: true })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    for (const each of [ring, other]) {
      expect(each.known(old, new Date())).toBeUndefined()
      expect(each.signingKey(new Date()).kid).toBe(kid)
      expect(each.jwks(new Date()).keys.map((key) => key.kid)).toEqual([kid])
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
