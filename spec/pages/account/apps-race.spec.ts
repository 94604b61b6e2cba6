import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, api, call, type Owner } from '../../support/api.js'
import { aChallenge, allow, aRequest, aWebapp } from '../../support/authorize.js'
import { aBrowser } from '../../support/browser.js'
import { startRealService } from '../../support/real-service.js'
import type { Service } from '../../support/service.js'

const ROUNDS = 20

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startRealService()
  owner = await anOwner(service)
}, 60_000)
afterAll(() => service.stop())

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
