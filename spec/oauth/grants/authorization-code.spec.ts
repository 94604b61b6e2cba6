import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { aMember, anOwner, api, type Owner } from '../../support/api.js'
import {
  aSession,
  ask,
  aWebapp,
  CALLBACK,
  counts,
  outcome,
  pkce,
  refreshing,
  signIn,
  signInCode,
  tokensOf,
  type Web,
} from '../../support/grants.js'
import { startOwnService } from '../../support/real-service.js'
import type { Service } from '../../support/service.js'

const time = { offsetMs: 0 }
const clock = (): Date => new Date(Date.now() + time.offsetMs)

let service: Service
let owner: Owner
let webapp: Web & { clientSecret: string }
let spa: Web
beforeAll(async () => {
  service = await startOwnService({ clock })
  owner = await anOwner(service)
  webapp = await aWebapp(service, owner, { require_pkce: false })
  const { id, clientId } = await aWebapp(service, owner, { confidential: false })
  spa = { id, clientId }
})
afterAll(() => service.stop())

const token = (form: Record<string, string>) => ask(service, 'token', form)

describe('a code becomes tokens', () => {
  test('6749-20 with exactly the keys of the contract, acting for the person in one organization', async () => {
    const sessionId = await aSession(service, owner.userId)
    const { form } = await signInCode(service, { owner, webapp, sessionId })
    const { status, headers, body } = await token(form)
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual([
      ...['access_token', 'token_type', 'expires_in', 'scope', 'created_at', 'refresh_token', 'owner_id', 'owner_type'],
    ])
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 7200, owner_id: owner.userId, owner_type: 'user' })
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
    expect(decodeJwt(body.access_token)).toMatchObject({
      organization: { id: owner.organizationId },
      application: { id: webapp.id, kind: 'webapp', public: false, confidential: true },
      owner: { id: owner.userId, type: 'User' },
      sub: owner.userId,
      client_id: webapp.clientId,
      amr: ['pwd'],
      sid: sessionId,
    })
    // 9068-02: when the person signed in.
    expect(decodeJwt(body.access_token).auth_time).toBeGreaterThan(1e9)
    expect((await api(service, body.access_token).get('/user')).body.data.id).toBe(owner.userId)
  })

  test('6749-26 the refresh token has 256 random bits, and three segments of which the second tells the issuer', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const [, payload = '', secret] = refresh_token.split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({ iss: service.config.issuer })
    expect(secret).toMatch(/^gh_rt_[A-Za-z0-9_-]{49}$/)
  })

  test('a public client needs its verifier and nothing else; its token says that no secret was presented', async () => {
    const body = await signIn(service, { owner, webapp: spa })
    expect(decodeJwt(body.access_token)).toMatchObject({ application: { confidential: false } })
  })

  test('the activity of the seat is noted', async () => {
    await signIn(service, { owner, webapp })
    await service.parts.activity.flush()
    const seats = await owner.get(`/organizations/${owner.organizationId}/memberships`)
    expect(seats.body.data[0].attributes.last_login_at).not.toBeNull()
  })
})

describe('6749-12 a confidential client proves itself, whatever else it sends', () => {
  test('a verifier does not stand in for the secret', async () => {
    const { form } = await signInCode(service, { owner, webapp })
    const { client_secret: _secret, ...without } = form
    expect(outcome(await token(without))).toBe('401 invalid_client')
    expect(outcome(await token({ ...form, client_secret: 'wrong' }))).toBe('401 invalid_client')
    expect(outcome(await token(form))).toBe('200')
  })

  test('6749-22 a client whose kind has no such grant', async () => {
    const { form } = await signInCode(service, { owner, webapp })
    const other = { client_id: owner.clientId, client_secret: owner.clientSecret }
    expect(outcome(await token({ ...form, ...other }))).toBe('400 unauthorized_client')
  })
})

describe('PKCE', () => {
  test('P1 7636-04 no verifier, an empty one, null in JSON: refused, and the code is burnt', async () => {
    for (const change of [{}, { code_verifier: '' }, { code_verifier: null }]) {
      const { form } = await signInCode(service, { owner, webapp: spa })
      const { code_verifier: _verifier, ...without } = form as Record<string, string>
      const reply = await fetch(`${service.url}/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...without, ...change }),
      })
      expect([reply.status, ((await reply.json()) as { error: string }).error]).toEqual([400, 'invalid_grant'])
      expect(outcome(await token(form))).toBe('400 invalid_grant')
    }
  })

  test('P4 7636-01 a verifier of 42 or 129 characters or with others than the allowed ones', async () => {
    const { createHash } = await import('node:crypto')
    for (const verifier of ['a'.repeat(42), 'a'.repeat(129), `${'a'.repeat(50)}!`, `${'a'.repeat(50)} `]) {
      // Its challenge is right: it is the form that is refused.
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const { form } = await signInCode(service, { owner, webapp: spa, challenge })
      expect(outcome(await token({ ...form, code_verifier: verifier }))).toBe('400 invalid_grant')
    }
    const verifier = `${'a'.repeat(120)}-._~Z9`
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const { form } = await signInCode(service, { owner, webapp: spa, challenge })
    expect(outcome(await token({ ...form, code_verifier: verifier }))).toBe('200')
  })

  test('P4 of 50 guesses the first kills the code', async () => {
    const { form } = await signInCode(service, { owner, webapp: spa })
    const guesses = await Promise.all(
      Array.from({ length: 50 }, () => token({ ...form, code_verifier: pkce().verifier })),
    )
    expect(new Set(guesses.map(outcome))).toEqual(new Set(['400 invalid_grant']))
    expect(outcome(await token(form))).toBe('400 invalid_grant')
  })

  test('7636-02 a plain challenge is none: the verifier itself does not fit it', async () => {
    const { verifier } = pkce()
    const { form } = await signInCode(service, { owner, webapp: spa, challenge: verifier })
    expect(outcome(await token({ ...form, code_verifier: verifier }))).toBe('400 invalid_grant')
  })

  test('P2 7636-05 a verifier for a code that was issued without a challenge', async () => {
    const { form } = await signInCode(service, { owner, webapp, challenge: null })
    expect(outcome(await token({ ...form, code_verifier: pkce().verifier }))).toBe('400 invalid_grant')
    const other = await signInCode(service, { owner, webapp, challenge: null })
    expect(outcome(await token(other.form))).toBe('200')
  })
})

describe('what a code is bound to', () => {
  test('P7 6749-17 its client: another gets nothing, and does not spoil it', async () => {
    const { form } = await signInCode(service, { owner, webapp: spa })
    const other = await aWebapp(service, owner, { confidential: false })
    expect(outcome(await token({ ...form, client_id: other.clientId }))).toBe('400 invalid_grant')
    expect(outcome(await token(form))).toBe('200')
  })

  test('P7 6749-17 the exact redirect_uri; a wrong or missing one burns it', async () => {
    const { form } = await signInCode(service, { owner, webapp: spa })
    const { redirect_uri: _uri, ...without } = form
    for (const bad of [`${CALLBACK}/`, `${CALLBACK}?a=b`, CALLBACK.toUpperCase(), 'https://evil.test/', undefined]) {
      const fresh = await signInCode(service, { owner, webapp: spa })
      const wrong = { ...without, ...pick(fresh.form), ...(bad === undefined ? {} : { redirect_uri: bad }) }
      expect([bad, outcome(await token(wrong))]).toEqual([bad, '400 invalid_grant'])
      expect(outcome(await token(fresh.form))).toBe('400 invalid_grant')
    }
  })

  test('P7 6749-16 it lives for a minute', async () => {
    const [young, old] = [
      await signInCode(service, { owner, webapp: spa }),
      await signInCode(service, { owner, webapp: spa }),
    ]
    time.offsetMs += 55_000
    expect(outcome(await token(young.form))).toBe('200')
    time.offsetMs += 6_000
    expect(outcome(await token(old.form))).toBe('400 invalid_grant')
    time.offsetMs = 0
  })

  test('F11 one that was refused as expired stays refused when the clock is set back; one from a clock that is two minutes ahead is refused', async () => {
    const late = await signInCode(service, { owner, webapp })
    time.offsetMs += 61_000
    expect(outcome(await token(late.form))).toBe('400 invalid_grant')
    time.offsetMs = 0
    expect(outcome(await token(late.form))).toBe('400 invalid_grant')
    time.offsetMs = 50_000
    const ahead = await signInCode(service, { owner, webapp })
    time.offsetMs = 0
    expect(outcome(await token(ahead.form))).toBe('200')
    time.offsetMs = 120_000
    const far = await signInCode(service, { owner, webapp })
    time.offsetMs = 0
    expect(outcome(await token(far.form))).toBe('400 invalid_grant')
  })

  test('the scope and the resource may be repeated, not changed', async () => {
    const scope = 'market:all provisioning-api'
    const again = async (change: Record<string, string>) => {
      const { form } = await signInCode(service, { owner, webapp, scope, resource: 'https://shop.example.com/api' })
      return token({ ...form, ...change })
    }
    expect(outcome(await again({ scope: 'provisioning-api,market:all' }))).toBe('200')
    expect(outcome(await again({ scope: 'market:all' }))).toBe('400 invalid_scope')
    expect(outcome(await again({ scope: `${scope} openid` }))).toBe('400 invalid_scope')
    expect(outcome(await again({ resource: 'https://other.example.com/api' }))).toBe('400 invalid_target')
    expect(outcome(await again({ resource: service.config.apiUrl }))).toBe('400 invalid_target')
    const { body } = await again({ resource: 'https://shop.example.com/api' })
    expect(body.scope).toBe(scope)
    expect(decodeJwt(body.access_token).aud).toEqual([service.config.apiUrl, 'https://shop.example.com/api'])
    // Which every token is for: nothing is kept of it.
    const { form } = await signInCode(service, { owner, webapp })
    expect(outcome(await token({ ...form, resource: service.config.apiUrl }))).toBe('200')
  })

  test('6749-02 6749-03 what is sent twice, and what is sent empty', async () => {
    const { form } = await signInCode(service, { owner, webapp: spa })
    const twice = await fetch(`${service.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `${new URLSearchParams(form)}&code=x`,
    })
    expect(twice.status).toBe(400)
    expect(outcome(await token({ ...form, code: '' }))).toBe('400 invalid_request')
    expect(outcome(await token({ ...form, scope: '', resource: '', whatever: 'x' }))).toBe('200')
  })
})

describe('P6 6749-16 a code that is used a second time', () => {
  test('is refused, and what the first use issued is dead: access token, refresh token, everywhere', async () => {
    const { form } = await signInCode(service, { owner, webapp })
    const first = await tokensOf(service, form)
    const next = await tokensOf(service, refreshing(webapp, first.refresh_token))
    expect(await counts(service, next.access_token)).toBe(true)
    expect(outcome(await token(form))).toBe('400 invalid_grant')
    expect([await counts(service, first.access_token), await counts(service, next.access_token)]).toEqual([
      false,
      false,
    ])
    expect(outcome(await token(refreshing(webapp, next.refresh_token)))).toBe('400 invalid_grant')
  })

  test('also when it comes after the minute is over', async () => {
    const { form } = await signInCode(service, { owner, webapp })
    const first = await tokensOf(service, form)
    time.offsetMs += 600_000
    expect(outcome(await token(form))).toBe('400 invalid_grant')
    expect(await counts(service, first.access_token)).toBe(false)
    time.offsetMs = 0
  })
})

describe('P8 a database that fails while a code is redeemed', () => {
  test('nothing is consumed: the same request succeeds afterwards, once', async () => {
    const { form } = await signInCode(service, { owner, webapp })
    const { knex } = service.db
    // The token cannot be written: the very last statement of the exchange.
    await knex.raw('alter table refresh_tokens add constraint refresh_tokens_broken check (false) not valid')
    try {
      expect((await token(form)).status).toBeGreaterThanOrEqual(400)
    } finally {
      await knex.raw('alter table refresh_tokens drop constraint refresh_tokens_broken')
    }
    const { status, body } = await token(form)
    expect(status).toBe(200)
    expect(await counts(service, body.access_token)).toBe(true)
    expect(outcome(await token(form))).toBe('400 invalid_grant')
  })
})

describe('9700-11 T9 a code of somebody who is no longer there', () => {
  test('a seat that is gone, a session that has ended, a user who is disabled', async () => {
    const member = await aMember(service, owner, owner.roles.Member as string)
    const of = (sessionId?: string) =>
      signInCode(service, { owner, webapp, userId: member.userId, ...(sessionId ? { sessionId } : {}) })
    const sessionId = await aSession(service, member.userId)
    const bySession = await of(sessionId)
    await service.parts.sessions.end({ id: sessionId, userId: member.userId }, clock())
    expect(outcome(await token(bySession.form))).toBe('400 invalid_grant')
    const bySeat = await of()
    expect((await owner.delete(`/memberships/${member.membershipId}`)).status).toBe(204)
    expect(outcome(await token(bySeat.form))).toBe('400 invalid_grant')
    const stranger = await of()
    expect(outcome(await token(stranger.form))).toBe('400 invalid_grant')
  })

  test('a credential that is disabled: its codes count no more, also when it is enabled again', async () => {
    const own = await aWebapp(service, owner)
    const { form } = await signInCode(service, { owner, webapp: own })
    const trigger = (name: string) =>
      owner.patch(`/api_credentials/${own.id}`, {
        data: { type: 'api_credentials', id: own.id, attributes: { [name]: true } },
      })
    expect((await trigger('_disable')).status).toBe(200)
    expect(outcome(await token(form))).toBe('401 invalid_client')
    expect((await trigger('_enable')).status).toBe(200)
    expect(outcome(await token(form))).toBe('400 invalid_grant')
  })
})

const pick = ({ client_id, code, code_verifier }: Record<string, string>): Record<string, string> => ({
  client_id: client_id ?? '',
  code: code ?? '',
  code_verifier: code_verifier ?? '',
})
