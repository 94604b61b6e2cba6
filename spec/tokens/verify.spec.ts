import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { asAuth } from '../../src/db/roles.js'
import { organizationClaims, userClaims } from '../../src/tokens/claims.js'
import { mintToken } from '../../src/tokens/mint.js'
import { createRevocations } from '../../src/tokens/revocations.js'
import { createVerifier } from '../../src/tokens/verify.js'
import { specDatabase } from '../support/database.js'
import { audience, claims, issuer, log, organization, startTokens, subject, type Tokens } from '../support/tokens.js'

let tokens: Tokens

beforeAll(async () => {
  tokens = await startTokens()
})

afterAll(() => tokens.stop())

describe('an access token', () => {
  test('of ours is accepted, cold and warm, and its claims are what was minted', async () => {
    const made = claims()
    const token = await mintToken(tokens.keys, made, new Date())
    for (let round = 0; round < 2; round += 1) {
      const verified = await tokens.verifier.verify(token, new Date())
      expect(verified.claims).toEqual(made)
      expect(verified.topics).toEqual([
        `jti:${made.jti}`,
        'credential:appappappa',
        'secret:secretsecr',
        'organization:ABCDEFGHIJ',
      ])
    }
    expect(await tokens.outcome(await tokens.signed({ ...tokens.header(), typ: 'at+jwt' }, claims()))).toBe('accepted')
  })

  test('9068-04 is dead at its exp, also in the cache', async () => {
    const now = new Date()
    const token = await mintToken(tokens.keys, claims(now), now)
    expect(await tokens.outcome(token, now)).toBe('accepted')
    expect(await tokens.outcome(token, new Date(now.getTime() + 7199_000))).toBe('accepted')
    expect(await tokens.outcome(token, new Date(now.getTime() + 7201_000))).toBe('unauthenticated')
  })

  test.each(['jti', 'secret', 'credential', 'organization', 'user'])(
    'T8 dies, also in the cache, when its %s is revoked',
    async (name) => {
      const now = new Date()
      const ids = { organization: { ...organization, id: `org-${name}` }, applicationId: `app-${name}` }
      const own = { ...subject, ...ids, secretId: `sec-${name}` }
      const issuance = { issuer, audience, now }
      const made =
        name === 'user'
          ? userClaims({ ...own, userId: 'u1' }, issuance)
          : organizationClaims('integration', own, issuance)
      const token = await mintToken(tokens.keys, made, now)
      expect(await tokens.outcome(token)).toBe('accepted')
      const { topics } = await tokens.verifier.verify(token, now)
      const topic = topics.find((one) => one.startsWith(`${name}:`)) ?? 'none'
      await asAuth(tokens.db.knex, (trx) =>
        tokens.revocations.revoke(trx, { topic, now, expiresAt: new Date(made.exp * 1000) }),
      )
      await tokens.revocations.refresh()
      expect(await tokens.outcome(token)).toBe('unauthenticated')
    },
  )

  test('F11 a clock that is up to a minute behind accepts it, one that is two minutes behind does not', async () => {
    const token = await mintToken(tokens.keys, claims(), new Date())
    expect(await tokens.outcome(token, new Date(Date.now() - 55_000))).toBe('accepted')
    expect(await tokens.outcome(token, new Date(Date.now() - 120_000))).toBe('unauthenticated')
  })

  test('F3 is neither accepted nor refused while revocations cannot be read: 503', async () => {
    const own = await specDatabase()
    const blind = createRevocations(own, { log })
    const careful = createVerifier({ keys: tokens.keys, revocations: blind, issuer, audience })
    const token = await mintToken(tokens.keys, claims(), new Date())
    await expect(careful.verify(token, new Date())).rejects.toMatchObject({ kind: 'unavailable', status: 503 })
    await expect(careful.verify('a.b.c', new Date())).rejects.toMatchObject({ kind: 'unauthenticated' })
    await own.close()
  })
})
