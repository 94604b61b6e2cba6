import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, api, change, type Owner, resource } from '../support/api.js'
import { contractAssertion, GRANT_TYPE } from '../support/assertions.js'
import { type Service, startService } from '../support/service.js'
import { beforeSigning } from '../support/signing.js'
import { asWebapp } from '../support/webapp.js'

// What ends while a token is being made, or after, ends with all that stands on it.

let service: Service
let owner: Owner
let ahead = 0
beforeAll(async () => {
  service = await startService({ clock: () => new Date(Date.now() + ahead) })
  owner = await anOwner(service, 'Acme')
})
afterEach(() => {
  ahead = 0
})
afterAll(() => service.stop())

async function post(form: Record<string, string | undefined>) {
  const body = new URLSearchParams(JSON.parse(JSON.stringify(form)))
  const answer = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
  return { status: answer.status, body: (await answer.json()) as Record<string, string> }
}

const asserting = async (type: 'User' | 'Customer', id: string) => ({
  grant_type: GRANT_TYPE,
  assertion: await contractAssertion({ owner: { type, id } }),
})

const clientOf = ({ clientId, clientSecret }: { clientId: string; clientSecret?: string }) => ({
  client_id: clientId,
  client_secret: clientSecret,
})

test('a seat that goes while its user is asserted leaves no family', async () => {
  const attributes = { redirect_uri: 'https://app.example/cb' }
  const application = await anApplication(service, owner, 'webapp', { attributes })
  const member = await aMember(service, owner, owner.roles.Member ?? '')
  const spy = beforeSigning(service, () => owner.delete(`/memberships/${member.membershipId}`))
  const answer = await post({ ...clientOf(application), ...(await asserting('User', member.userId)) })
  spy.mockRestore()
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_assertion'])
  const left = await service.db.knex('refresh_families').where({ user_id: member.userId }).whereNull('ended_at')
  expect(left).toEqual([])
})

test('a shopper who is switched off while asserted gets none, to be used when they are back', async () => {
  const channel = await anApplication(service, owner, 'sales_channel')
  const attributes = { email: 'shopper@example.com', password: 'a long walk by the sea' }
  const made = await owner.post(
    '/customers',
    resource('customers', attributes, { organization: ['organizations', owner.organizationId] }),
  )
  const { id } = made.body.data
  const spy = beforeSigning(service, () =>
    service.db.knex('customers').where({ id }).update({ disabled_at: new Date() }),
  )
  const answer = await post({ ...clientOf(channel), ...(await asserting('Customer', id)) })
  spy.mockRestore()
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_assertion'])
})

test('a webapp whose end was set nearer and has come neither reads nor changes its person', async () => {
  const attributes = { redirect_uri: 'https://app.example/cb' }
  const application = await anApplication(service, owner, 'webapp', { attributes })
  const web = await asWebapp(service, { owner, application, userId: owner.userId })
  expect((await web.get('/user')).status).toBe(200)
  const expires_at = new Date(Date.now() + 120_000).toISOString()
  const path = `/api_credentials/${application.id}`
  expect((await owner.patch(path, change('api_credentials', application.id, { expires_at }))).status).toBe(200)
  ahead = 3_600_000
  expect((await api(service, web.token).get('/roles')).status).toBe(403)
  expect((await web.get('/user')).status).toBe(403)
  const renamed = change('users', owner.userId, { first_name: 'Mallory' })
  expect((await web.patch('/user', renamed)).status).toBe(403)
})
