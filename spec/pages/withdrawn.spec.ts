import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, type Owner } from '../support/api.js'
import { aChallenge, allow, aRequest, authorizePath, aWebapp, begin, CALLBACK } from '../support/authorize.js'
import { aBrowser } from '../support/browser.js'
import { type Service, startService } from '../support/service.js'

// An application is withdrawn at the very moment at which it asks again. Each round is another order of the two.

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service, 'Acme')
})
afterAll(() => service.stop())

const ROUNDS = 20
const later = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** A browser with an app that may do all, and the way to withdraw it. */
async function agreed() {
  const { clientId, clientSecret } = await aWebapp(service, owner)
  const browser = aBrowser(service)
  await browser.signIn(owner.userId)
  await allow(browser, aRequest(clientId, { scope: 'provisioning-api' }))
  const apps = await browser.get('/account/apps')
  const form = apps.forms.findIndex(({ controls }) => controls.some(({ value }) => value === clientId))
  return { browser, clientId, clientSecret, withdraw: () => browser.submit(apps, {}, { form }) }
}

test('an application that asks silently while it is withdrawn is left no token', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { browser, clientId, clientSecret, withdraw } = await agreed()
    const { verifier, challenge } = aChallenge()
    const asked = { scope: 'provisioning-api', prompt: 'none', code_challenge: challenge }
    const ask = () => browser.get(authorizePath(aRequest(clientId, asked)))
    const [answer, ended] = await Promise.all([later(round % 4).then(ask), later(round % 5).then(withdraw)])
    expect(ended.location).toContain('done=withdrawn')
    const code = new URL(answer.location ?? '').searchParams.get('code')
    if (code === null) continue
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      client_secret: clientSecret,
      code,
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    })
    const exchanged = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
    expect([round, exchanged.status]).toEqual([round, 400])
  }
})

test('what was withdrawn does not come back with what is agreed to beside it', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { browser, clientId, withdraw } = await agreed()
    const page = await begin(browser, aRequest(clientId, { scope: 'roles:read', prompt: 'consent' }))
    const press = () => browser.submit(page, {}, { press: 'allow' })
    const [, ended] = await Promise.all([later(round % 4).then(press), later(round % 5).then(withdraw)])
    expect(ended.location).toContain('done=withdrawn')
    const kept = await service.db.knex('consents').where({ client_id: clientId }).first('scope')
    expect([round, kept?.scope ?? 'roles:read']).toEqual([round, 'roles:read'])
  }
})
