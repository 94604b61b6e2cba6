import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type JWK, type JWTPayload, SignJWT } from 'jose'
import { migrate } from '../../src/db/migrate.js'
import { createKeyRing } from '../../src/tokens/keys.js'
import { mintToken } from '../../src/tokens/mint.js'
import { createVerifier } from '../../src/tokens/verify.js'
import { freshDatabase } from '../support/database.js'
import { audience, claims, issuer, secrets, segment, startTokens, type Tokens } from '../support/tokens.js'

let tokens: Tokens

beforeAll(async () => {
  tokens = await startTokens()
})

afterAll(() => tokens.stop())

describe('a forged access token', () => {
  test.each(['none', 'None', 'NONE', 'HS256', 'HS512', 'RS256', 'PS512', 'ES256', '', undefined, null, 5, ['RS512']])(
    'T10 alg %p is refused, whoever signed',
    async (alg) => {
      expect(await tokens.outcome(await tokens.signed({ ...tokens.header(), alg }, claims()))).toBe('unauthenticated')
      expect(await tokens.outcome(`${segment({ ...tokens.header(), alg })}.${segment(claims())}.`)).toBe(
        'unauthenticated',
      )
    },
  )

  test('T10 HMAC with the public key as the secret is refused', async () => {
    const key = tokens.keys.signingKey(new Date())
    const jwk = key.publicJwk as Record<string, unknown>
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString()
    for (const secret of [pem, pem.trim(), ` ${pem}`, `\n${pem}`, JSON.stringify(jwk)]) {
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
        ['RS512', 'sha512'],
      ] as const) {
        const input = `${segment({ ...tokens.header(), alg })}.${segment(claims())}`
        const mac = createHmac(hash, secret).update(input).digest('base64url')
        expect(await tokens.outcome(`${input}.${mac}`)).toBe('unauthenticated')
      }
    }
  })

  test('T10 a key that the token brings along is refused, however it is brought', async () => {
    const twin = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = twin.publicKey.export({ format: 'jwk' }) as JWK
    const input = (extra: object) => `${segment({ ...tokens.header(), ...extra })}.${segment(claims())}`
    for (const extra of [
      { jwk },
      { jku: 'https://evil.test/jwks' },
      { x5u: 'https://evil.test/c' },
      { x5c: ['AA'] },
      {},
    ]) {
      const forged = sign('sha512', Buffer.from(input(extra)), twin.privateKey).toString('base64url')
      expect(await tokens.outcome(`${input(extra)}.${forged}`)).toBe('unauthenticated')
    }
    expect(
      await tokens.outcome(
        await tokens.signed({ ...tokens.header(), jwk: tokens.keys.signingKey(new Date()).publicJwk }, claims()),
      ),
    ).toBe('unauthenticated')
    expect(await tokens.outcome(await tokens.signed({ ...tokens.header(), crit: ['exp'] }, claims()))).toBe(
      'unauthenticated',
    )
  })

  test.each(['', '../../etc/passwd', "' or 1=1 --", '0'.repeat(64), 'x'.repeat(10_000), 5, null, undefined, {}])(
    'T10 kid %p is refused',
    async (kid) => {
      expect(await tokens.outcome(await tokens.signed({ ...tokens.header(), kid }, claims()))).toBe('unauthenticated')
    },
  )

  test('T10 misshapen tokens are refused', async () => {
    const good = await mintToken(tokens.keys, claims(), new Date())
    const [head = '', body = '', tail = ''] = good.split('.')
    const bad = [
      '', '.', '..', '...', 'a.b', 'a.b.c', `${head}.${body}.`, `${head}.${body}`, `${good}.`, `${good}.${tail}`,
      `${head}.${body}.${tail.slice(0, -4)}`, `${head}.${body}.${'A'.repeat(tail.length)}`, ` ${good}`, `${good}\n`,
      `${head}.${segment({ ...claims(), scope: 'more' })}.${tail}`, `${segment('null')}.${body}.${tail}`, `${good}=`,
      `${head}.${body}.${tail.replaceAll('-', '+').replaceAll('_', '/')}=`, 'x'.repeat(9000), `${good}${' '.repeat(9000)}`,
    ] // biome-ignore format: a table
    for (const token of bad)
      expect([token.slice(0, 40), await tokens.outcome(token)]).toEqual([token.slice(0, 40), 'unauthenticated'])
    expect(await tokens.outcome(await tokens.signed(tokens.header(), 'not json'))).toBe('unauthenticated')
    for (const payload of [null, [], 'text', 5])
      expect(await tokens.outcome(await tokens.signed(tokens.header(), payload))).toBe('unauthenticated')
  })

  test('T10 one token has one text: other writings of the same signature bytes are refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const good = await mintToken(tokens.keys, claims(), new Date())
    // 256 bytes end in a digit of which four bits carry nothing.
    const last = alphabet.indexOf(good.at(-1) ?? '')
    expect(await tokens.outcome(good.slice(0, -1) + alphabet[last ^ 1])).toBe('unauthenticated')
  })

  test('T10 an ECDSA signature of zeros is refused', async () => {
    // Keys of another algorithm would be published to all specs of this database.
    const db = await freshDatabase()
    await migrate(db)
    const ring = createKeyRing(db, secrets, { alg: 'ES256' })
    await ring.start()
    const es = createVerifier({ keys: ring, revocations: tokens.revocations, issuer, audience })
    const good = await mintToken(ring, claims(), new Date())
    await expect(es.verify(good, new Date())).resolves.toBeDefined()
    const input = good.slice(0, good.lastIndexOf('.'))
    for (const bytes of [Buffer.alloc(64), Buffer.alloc(70), Buffer.from([0x30, 6, 2, 1, 0, 2, 1, 0])]) {
      await expect(es.verify(`${input}.${bytes.toString('base64url')}`, new Date())).rejects.toMatchObject({
        kind: 'unauthenticated',
      })
    }
    ring.stop()
    await db.close()
  })

  test.each([
    ['another issuer', { iss: 'https://auth.other.test' }],
    ['our issuer with a slash', { iss: `${issuer}/` }],
    ['another audience', { aud: ['https://other.test'] }],
    ['a client as audience, as in an id_token', { aud: 'client-id-of-43-characters-xxxxxxxxxxxxxxxx' }],
    ['no audience', { aud: undefined }],
    ['no application, as in an id_token', { application: undefined }],
    ['another client in client_id', { client_id: 'other' }],
    ['neither organization nor user', { organization: undefined }],
    ['an unknown kind', { application: { ...claims().application, kind: 'root' } }],
  ])('T11 with %s is refused, though our key signed it', async (_case, change) => {
    expect(await tokens.outcome(await tokens.signed(tokens.header(), { ...claims(), ...change }))).toBe(
      'unauthenticated',
    )
  })

  test('T11 of another type than an access token is refused', async () => {
    for (const typ of ['logout+jwt', 'secevent+jwt', 'JOSE', '', undefined, 5]) {
      expect(await tokens.outcome(await tokens.signed({ ...tokens.header(), typ }, claims()))).toBe('unauthenticated')
    }
  })

  test('T11 of the key for id_tokens is refused, though it says all that an access token says', async () => {
    const key = tokens.keys.identityKey(new Date())
    const input = `${key.header}.${segment(claims())}`
    expect(await tokens.outcome(`${input}.${await key.sign(input)}`)).toBe('unauthenticated')
    const other = { ...tokens.header(), kid: key.kid, alg: key.alg }
    expect(await tokens.outcome(await tokens.signed(other, claims()))).toBe('unauthenticated')
  })

  test('T11 of a twin of our key set is refused', async () => {
    const twin = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const token = await new SignJWT({ ...claims() } as JWTPayload)
      .setProtectedHeader(tokens.header())
      .sign(twin.privateKey)
    expect(await tokens.outcome(token)).toBe('unauthenticated')
  })

  const at = Math.floor(Date.now() / 1000)
  test.each([
    ['exp missing', { exp: undefined }],
    ['exp a text', { exp: String(at + 7200) }],
    ['exp negative', { exp: -1 }],
    ['exp zero', { exp: 0 }],
    ['exp null', { exp: null }],
    ['exp with a fraction', { exp: at + 7200.5 }],
    ['exp beyond a year', { exp: at + 31_536_000 + 3600 }],
    ['exp in milliseconds', { exp: (at + 7200) * 1000 }],
    ['nbf ahead', { nbf: at + 300 }],
    ['nbf a text', { nbf: 'now' }],
    ['iat missing', { iat: undefined }],
    ['iat in the future', { iat: at + 300 }],
    ['iat negative', { iat: -5 }],
    ['iat after exp', { iat: at + 30, exp: at + 20 }],
  ])('T12 with %s is refused', async (_case, change) => {
    expect(await tokens.outcome(await tokens.signed(tokens.header(), { ...claims(), ...change }))).toBe(
      'unauthenticated',
    )
  })

  test('T12 with exp 1e400 is refused', async () => {
    const text = JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e400')
    expect(await tokens.outcome(await tokens.signed(tokens.header(), text))).toBe('unauthenticated')
  })
})
