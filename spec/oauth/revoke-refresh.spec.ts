import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sweep } from '../../src/jobs/sweep.js'
import { anOwner, type Owner } from '../support/api.js'
import {
  aShopper,
  ask,
  aWebapp,
  counts,
  outcome,
  refreshing,
  signIn,
  signInCode,
  tokensOf,
  type Web,
} from '../support/grants.js'
import { runJob } from '../support/jobs.js'
import { startBeside, startRealService } from '../support/real-service.js'
import type { Service } from '../support/service.js'

let service: Service
let second: Service
let owner: Owner
let webapp: Web & { clientSecret: string }
beforeAll(async () => {
  const real = await startRealService()
  service = real
  second = await startBeside(real)
  owner = await anOwner(service)
  webapp = await aWebapp(service, owner)
})
afterAll(async () => {
  await second.stop()
  await service.stop()
})

const secretOf = ({ clientId, clientSecret }: Omit<Web, 'id'>): Record<string, string> => ({
  client_id: clientId,
  ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
})
const revoke = (token: string, client: Omit<Web, 'id'> = webapp, more: Record<string, string> = {}) =>
  ask(service, 'revoke', { ...secretOf(client), token, ...more })
const refresh = async (token: string, client: Omit<Web, 'id'> = webapp) =>
  outcome(await ask(service, 'token', refreshing(client, token)))

describe('revoking a refresh token', () => {
  test('7009-04 ends its family and every access token of it, here at once and elsewhere within a second', async () => {
    const first = await signIn(service, { owner, webapp })
    const next = await tokensOf(service, refreshing(webapp, first.refresh_token))
    expect(await counts(second, first.access_token)).toBe(true)
    const { status, body } = await revoke(next.refresh_token)
    expect([status, body]).toEqual([200, {}])
    expect(await refresh(next.refresh_token)).toBe('400 invalid_grant')
    for (const { access_token } of [first, next]) expect(await counts(service, access_token)).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 900))
    for (const { access_token } of [first, next]) expect(await counts(second, access_token)).toBe(false)
  })

  test('7009-04 one that has been used ends its family too; another family is spared', async () => {
    const spared = await signIn(service, { owner, webapp })
    const first = await signIn(service, { owner, webapp })
    const next = await tokensOf(service, refreshing(webapp, first.refresh_token))
    expect((await revoke(first.refresh_token)).status).toBe(200)
    expect(await refresh(next.refresh_token)).toBe('400 invalid_grant')
    expect(await refresh(spared.refresh_token)).toBe('200')
    expect((await revoke(first.refresh_token)).body).toEqual({})
  })

  test('7009-04 an access token ends alone', async () => {
    const { access_token, refresh_token } = await signIn(service, { owner, webapp })
    expect((await revoke(access_token)).status).toBe(200)
    expect(await counts(service, access_token)).toBe(false)
    expect(await refresh(refresh_token)).toBe('200')
  })

  test('7009-05 whatever the hint says', async () => {
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
      const { refresh_token } = await signIn(service, { owner, webapp })
      expect((await revoke(refresh_token, webapp, { token_type_hint })).status).toBe(200)
      expect(await refresh(refresh_token)).toBe('400 invalid_grant')
    }
  })

  test('7009-02 T7 not by another client, nor by its own without the secret', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const other = await aWebapp(service, owner)
    expect(outcome(await revoke(refresh_token, other))).toBe('403 unauthorized_client')
    expect(outcome(await revoke(refresh_token, { clientId: webapp.clientId }))).toBe('401 invalid_client')
    expect(await refresh(refresh_token)).toBe('200')
  })

  test('CONTRACT 5.5 7009-01 a public client ends its shopper’s tokens by its client_id alone', async () => {
    const { channel, form } = await aShopper(service, owner)
    const client = { clientId: channel.clientId }
    const one = await tokensOf(service, form)
    expect((await revoke(one.access_token, client)).body).toEqual({})
    expect(await counts(service, one.access_token)).toBe(false)
    expect((await revoke(one.refresh_token, client)).body).toEqual({})
    expect(await refresh(one.refresh_token, client)).toBe('400 invalid_grant')
  })

  test('T7 while the storage fails it is an error, and nothing is revoked', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const { knex } = service.db
    await knex.raw(
      "alter table revocations add constraint revocations_broken check (topic not like 'family:%') not valid",
    )
    try {
      expect((await revoke(refresh_token)).status).toBeGreaterThanOrEqual(400)
    } finally {
      await knex.raw('alter table revocations drop constraint revocations_broken')
    }
    expect(await refresh(refresh_token)).toBe('200')
  })
})

test('the sweep forgets answers, and removes what is over', async () => {
  const { form } = await signInCode(service, { owner, webapp })
  const first = await tokensOf(service, form)
  await tokensOf(service, refreshing(webapp, first.refresh_token))
  const { knex } = service.db
  const rows = async () => {
    const { rows: found } = await knex.raw(`select
      (select count(*)::int from refresh_tokens where answer is not null) as answers,
      (select count(*)::int from refresh_tokens) as tokens, (select count(*)::int from authorization_codes) as codes,
      (select count(*)::int from refresh_families where ended_at is not null) as ended,
      (select count(*)::int from sessions) as sessions`)
    return found[0]
  }
  const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600 * 1000)
  await runJob(service, sweep, { now: new Date() })
  expect((await rows()).answers).toBeGreaterThan(0)
  await runJob(service, sweep, { now: new Date(Date.now() + 20_000) })
  expect((await rows()).answers).toBe(0)
  expect((await rows()).codes).toBeGreaterThan(0)
  await runJob(service, sweep, { now: inDays(13) })
  expect((await rows()).tokens).toBeGreaterThan(0)
  await runJob(service, sweep, { now: inDays(50) })
  expect(await rows()).toEqual({ answers: 0, tokens: 0, codes: 0, ended: 0, sessions: 0 })
})
