import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anOwner, aPerson, api, call, type Owner } from '../../support/api.js'
import { aChallenge, allow, aRequest, aWebapp } from '../../support/authorize.js'
import { aBrowser } from '../../support/browser.js'
import { startRealService } from '../../support/real-service.js'
import type { Service } from '../../support/service.js'
import { beforeSigning } from '../../support/signing.js'

const ROUNDS = 20

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startRealService()
  owner = await anOwner(service)
}, 60_000)
afterAll(() => service.stop())

/** Somebody signs in with a new browser and lets a device in. */
async function aDevice(userId = owner.userId) {
  const browser = aBrowser(service)
  await browser.signIn(userId)
  const form = { client_id: 'gatehouse-dashboard', scope: 'provisioning-api' }
  const post = (path: string, fields: Record<string, string>) =>
    call(service, path, { method: 'POST', body: new URLSearchParams({ ...form, ...fields }) })
  const { body } = await post('/oauth/device_authorization', {})
  const page = await browser.submit(await browser.get('/device'), { user_code: body.user_code })
  await browser.submit(page, {}, { press: 'allow' })
  const { scope: _scope, ...client } = form
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: body.device_code }
  const ask = (fields: Record<string, string>) =>
    call(service, '/oauth/token', { method: 'POST', body: new URLSearchParams({ ...client, ...fields }) })
  return { browser, poll: () => ask(grant), ask }
}

test('T9 a device that asks in the moment of a sign-out is left no token', async () => {
  const outcomes = { before: 0, after: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { browser, poll, ask } = await aDevice()
    const page = await browser.get('/logout')
    const [got] = await Promise.all([poll(), browser.submit(page)])
    if (got.status === 200) {
      outcomes.before += 1
      await service.parts.revocations.refresh()
      expect((await api(service, got.body.access_token).get('/user')).status).toBe(401)
      const refreshed = await ask({ grant_type: 'refresh_token', refresh_token: got.body.refresh_token })
      expect(refreshed.body.error).toBe('invalid_grant')
    } else {
      outcomes.after += 1
      expect(got.status).toBe(400)
    }
  }
  expect(outcomes.before + outcomes.after).toBe(ROUNDS)
}, 120_000)

test('T9 whoever signs out, or is switched off, after a device was looked at and before it has tokens, lets none in', async () => {
  const { userId } = await aPerson(service)
  const users = () => service.db.knex('users').where({ id: userId })
  for (const end of ['signs out', 'is switched off']) {
    const { browser, poll } = await aDevice(userId)
    const page = await browser.get('/logout')
    const spy = beforeSigning(service, () =>
      end === 'signs out' ? browser.submit(page) : users().update({ disabled_at: new Date() }),
    )
    const got = await poll()
    spy.mockRestore()
    expect([end, got.status, got.body.error]).toEqual([end, 400, 'invalid_grant'])
    expect([end, await service.db.knex('refresh_families').where({ user_id: userId })]).toEqual([end, []])
  }
})

test('T9 a seat that goes in that moment leaves no family either', async () => {
  const member = await aMember(service, owner, owner.roles.Member ?? '')
  const app = await aWebapp(service, owner, { redirect_uri: null })
  const client = { client_id: app.clientId, client_secret: app.clientSecret }
  const post = (path: string, fields: Record<string, string>) =>
    call(service, path, { method: 'POST', body: new URLSearchParams({ ...client, ...fields }) })
  const { body } = await post('/oauth/device_authorization', {})
  const browser = aBrowser(service)
  await browser.signIn(member.userId)
  const page = await browser.submit(await browser.get('/device'), { user_code: body.user_code })
  await browser.submit(page, {}, { press: 'allow' })
  const spy = beforeSigning(service, () => owner.delete(`/memberships/${member.membershipId}`))
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const got = await post('/oauth/token', { grant_type, device_code: body.device_code })
  spy.mockRestore()
  expect([got.status, got.body.error]).toEqual([400, 'invalid_grant'])
  expect(await service.db.knex('refresh_families').where({ user_id: member.userId })).toEqual([])
})

test('T9 a code that is exchanged in the moment of a withdrawal leaves no token behind', async () => {
  const app = await aWebapp(service, owner)
  const browser = aBrowser(service)
  await browser.signIn(owner.userId)
  const exchange = (fields: Record<string, string>) =>
    call(service, '/oauth/token', {
      method: 'POST',
      body: new URLSearchParams({ client_id: app.clientId, client_secret: app.clientSecret ?? '', ...fields }),
    })
  const outcomes = { before: 0, after: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { verifier, challenge } = aChallenge()
    const request = aRequest(app.clientId, { code_challenge: challenge })
    const { code = '' } = await allow(browser, request)
    const page = await browser.get('/account/apps')
    const form = page.forms.findIndex(({ controls }) => controls.some(({ value }) => value === app.clientId))
    const redirect_uri = String(request.redirect_uri)
    const [got] = await Promise.all([
      exchange({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri }),
      browser.submit(page, {}, { form }),
    ])
    if (got.status === 200) {
      outcomes.before += 1
      expect((await api(service, got.body.access_token).get('/user')).status).toBe(401)
      const { refresh_token } = got.body
      expect((await exchange({ grant_type: 'refresh_token', refresh_token })).status).toBe(400)
    } else {
      outcomes.after += 1
      expect(got.body.error).toBe('invalid_grant')
    }
  }
  expect(outcomes.before + outcomes.after).toBe(ROUNDS)
}, 120_000)
