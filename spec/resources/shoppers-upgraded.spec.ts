import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anApplication, anOwner, api, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// Shoppers whom the release before keeps, or has kept.

let service: Service
let owner: Owner
let channel: { clientId: string }
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service, 'Acme')
  channel = await anApplication(service, owner, 'sales_channel')
})
afterAll(() => service.stop())

const PASSWORD = 'a long walk by the sea'
const OTHER_HASH = '$2b$04$abcdefghijklmnopqrstuuVwXyZabcdefghijklmnopqrstuvwxyzabc'

async function aShopper(email = `${newId().toLowerCase()}@example.com`) {
  const inside: Record<string, [string, string]> = { organization: ['organizations', owner.organizationId] }
  const made = await owner.post('/customers', resource('customers', { email, password: PASSWORD }, inside))
  return { id: made.body.data.id as string, email }
}

async function post(form: Record<string, string>) {
  const body = new URLSearchParams({ client_id: channel.clientId, ...form })
  const answer = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
  return { status: answer.status, body: (await answer.json()) as Record<string, string> }
}

/** Writes another hash and nothing else, as the release before does, or as the authorization server renews one. */
async function rehash(id: string, role: 'gatehouse_api' | 'gatehouse_auth'): Promise<void> {
  await service.db.knex.transaction(async (trx) => {
    await trx.raw(`set local role ${role}`)
    await trx.raw(`select set_config('app.organization_ids', ?, true)`, [owner.organizationId])
    const which = { organization_id: owner.organizationId, id }
    expect(await trx('customers').where(which).update({ password_hash: OTHER_HASH })).toBe(1)
  })
  await service.parts.revocations.refresh()
}

test.each([
  ['gatehouse_api', [401, 400]],
  ['gatehouse_auth', [200, 200]],
] as const)('a hash that is written by %s', async (role, expected) => {
  const { id, email } = await aShopper()
  const { access_token = '', refresh_token = '' } = (
    await post({ grant_type: 'password', username: email, password: PASSWORD })
  ).body
  // Tokens of the second in which something ends are told apart by the next.
  await new Promise((done) => setTimeout(done, 1_100))
  await rehash(id, role)
  const read = (await api(service, access_token).get('/organization')).status
  expect([read, (await post({ grant_type: 'refresh_token', refresh_token })).status]).toEqual(expected)
})

test('a shopper whose address was kept decomposed signs in after the migration', async () => {
  const [decomposed, composed] = ['jose\u0301@example.com', 'jos\u00e9@example.com']
  const { id } = await aShopper(composed)
  const { knex } = service.db
  await knex('customers').where({ id }).update({ email: decomposed })
  const twin = await aShopper('zoe\u0308@example.com')
  await knex('customers').where({ id: twin.id }).update({ email: 'zoe\u0308@example.com' })
  await aShopper('zo\u00eb@example.com')
  await knex.raw(await readFile('migrations/20261124140100_composed_addresses.up.sql', 'utf8'))
  expect((await post({ grant_type: 'password', username: decomposed, password: PASSWORD })).status).toBe(200)
  // Of two that would be one, none is changed.
  expect((await knex('customers').where({ id: twin.id }).first('email'))?.email).toBe('zoe\u0308@example.com')
})
