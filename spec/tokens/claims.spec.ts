import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { organizationClaims, userClaims } from '../../src/tokens/claims.js'
import { mintToken } from '../../src/tokens/mint.js'
import { audience, claims, issuer, organization, startTokens, subject, type Tokens } from '../support/tokens.js'

/** The members that the token has: JSON leaves out what is undefined. */
const membersOf = (made: object): string[] => Object.keys(JSON.parse(JSON.stringify(made)))

let tokens: Tokens

beforeAll(async () => {
  tokens = await startTokens()
})

afterAll(() => tokens.stop())

describe('claims', () => {
  test('have the contract’s members in its order, and the names of RFC 9068 after them', () => {
    const now = new Date(1_700_000_000_123)
    const made = organizationClaims('integration', subject, { issuer, audience, now })
    const last = ['scope', 'exp', 'test', 'rand', 'iat', 'iss', 'sub', 'aud', 'client_id', 'jti']
    expect(membersOf(made)).toEqual(['organization', 'application', ...last])
    expect(made).toMatchObject({
      organization: { id: 'ABCDEFGHIJ', slug: 'acme', enterprise: true, region: 'eu-west-1' },
      application: { id: 'appappappa', kind: 'integration', public: false, confidential: true },
      exp: 1_700_007_200,
      iat: 1_700_000_000,
      iss: issuer,
      aud: [audience],
    })
    expect(Object.keys(made.organization ?? {})).toEqual(['id', 'slug', 'enterprise', 'region'])
    expect(Object.keys(made.application)).toEqual(['id', 'client_id', 'kind', 'public', 'confidential'])
    expect(made.rand).toBeGreaterThanOrEqual(0)
    expect(made.rand).toBeLessThan(1)
    const personal = userClaims({ ...subject, userId: 'useruserus' }, { issuer, audience, now })
    expect(membersOf(personal)).toEqual(['user', 'application', ...last])
    expect(personal.test).toBe(false)
    expect(organizationClaims('sales_channel', subject, { issuer, audience, now }).application.public).toBe(true)
  })

  test('9068-03 the subject of a client-credentials token is the client', () => {
    expect(claims().sub).toBe(subject.clientId)
  })

  test('9068-05 a token has at most 1.5 KiB and an ASCII payload; a scope too long for it is refused', async () => {
    const odd = { ...claims(), organization: { ...organization, enterprise: true, slug: 'caf\u00e9-\u{1f600}\u007f' } }
    const token = await mintToken(tokens.keys, odd, new Date())
    expect(token.length).toBeLessThanOrEqual(1536)
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url')
    expect([...payload].every((byte) => byte < 0x7f)).toBe(true)
    expect(JSON.parse(payload.toString()).organization.slug).toBe('caf\u00e9-\u{1f600}\u007f')
    const long = { ...claims(), scope: 'market:code:x '.repeat(60) }
    await expect(mintToken(tokens.keys, long, new Date())).rejects.toMatchObject({ kind: 'invalid_scope' })
  })

  test('9068-02 has what RFC 9068 asks for; of a person also when and how they signed in', () => {
    const issuance = { issuer, audience, now: new Date() }
    const required = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope']
    const machine = organizationClaims('integration', subject, issuance)
    const signIn = { authenticatedAt: new Date(1_700_000_000_500), amr: ['pwd', 'otp', 'mfa'], sessionId: 'sessionses' }
    const owner = { id: 'useruserus', type: 'User' as const }
    const person = organizationClaims('webapp', { ...subject, ...signIn, owner }, issuance)
    for (const one of [machine, person]) expect(membersOf(one)).toEqual(expect.arrayContaining(required))
    expect(person).toMatchObject({ sub: 'useruserus', auth_time: 1_700_000_000, amr: ['pwd', 'otp', 'mfa'] })
    expect([machine.sub, machine.auth_time, machine.amr]).toEqual([subject.clientId, undefined, undefined])
  })
})
