import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { checkPassword } from '../../src/crypto/passwords.js'
import { aMember, anApplication, anOwner, change, type Owner, type Reply, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { make } from '../support/shop.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const PASSWORD = 'correct horse battery'
const create = (attributes: Record<string, unknown>, by = owner) =>
  by.post('/customers', resource('customers', attributes, { organization: ['organizations', by.organizationId] }))
const patch = (id: string, attributes: Record<string, unknown>) =>
  owner.patch(`/customers/${id}`, change('customers', id, attributes))
const problem = ({ status, body }: Reply) => [status, body.errors?.[0]?.source?.pointer]
const hashOf = async (id: string): Promise<string | null> =>
  (await service.db.knex('customers').where({ id }).first('password_hash'))?.password_hash

test('one shopper an address and organization, whatever its case', async () => {
  const made = await create({ email: 'Ann@Example.com' })
  expect([made.status, made.body.data.attributes.email]).toEqual([201, 'ann@example.com'])
  expect(problem(await create({ email: 'ann@example.COM' }))).toEqual([409, '/data/attributes/email'])
  expect((await create({ email: 'ann@example.com' }, await anOwner(service))).status).toBe(201)
})

test('S10 and however its letters are put together', async () => {
  const made = await create({ email: 'Ren\u00c9@example.com' })
  expect([made.status, made.body.data.attributes.email]).toEqual([201, 'ren\u00e9@example.com'])
  expect(problem(await create({ email: 'rene\u0301@example.com' }))).toEqual([409, '/data/attributes/email'])
  expect(problem(await create({ email: 'ann\u200b@example.com' }))).toEqual([422, '/data/attributes/email'])
  const other = await aMember(service, owner, owner.roles['Read-only'] as string)
  const renamed = await other.patch('/user', change('users', other.userId, { email: 'Rene\u0301@example.com' }))
  expect(renamed.body.data.attributes.unconfirmed_email).toBe('ren\u00e9@example.com')
})

test('a password is taken and never shown, filtered by or told', async () => {
  const made = await create({ email: 'secret@example.com', password: PASSWORD })
  const { id } = made.body.data
  expect(made.body.data.attributes).toMatchObject({ status: 'active', can_sign_in: true })
  expect(made.body.data.attributes).not.toHaveProperty('password')
  expect(await checkPassword(PASSWORD, (await hashOf(id)) ?? '')).toBe(true)
  expect((await owner.get('/customers?filter[q][password_eq]=x')).status).toBe(400)
  expect((await owner.get('/customers?fields[customers]=password')).status).toBe(400)
  await patch(id, { password: 'another good one' })
  const history = await owner.get(`/versions?filter[q][resource_id_eq]=${id}`)
  expect(history.body.meta.record_count).toBe(2)
  expect(JSON.stringify([made.body, history.body])).not.toMatch(/password|\$2|horse|another good/)
  expect(service.logs.some((line) => JSON.stringify(line).includes('horse'))).toBe(false)
  expect(problem(await patch(id, { password: 'short' }))).toEqual([422, '/data/attributes/password'])
  // S1 the rules of crypto/password-rules, in the words of the contract.
  for (const [password, error] of [
    ['PassWord1', 'too_common'],
    ['Secret@Example.com', 'own_address'],
    ['x'.repeat(1001), 'too_long'],
  ]) {
    const refused = await patch(id, { password })
    expect([...problem(refused), refused.body.errors[0].meta.error]).toEqual([422, '/data/attributes/password', error])
  }
})

test('status follows from what is there', async () => {
  const { id } = (await create({ email: 'status@example.com' })).body.data
  const status = async () => (await owner.get(`/customers/${id}`)).body.data.attributes.status
  expect(await status()).toBe('prospect')
  await patch(id, { password: PASSWORD })
  expect(await status()).toBe('active')
  await patch(id, { _disable: true })
  expect(await status()).toBe('disabled')
  const listed = await owner.get('/customers?filter[q][status_eq]=disabled')
  expect(listed.body.data.map((one: { id: string }) => one.id)).toEqual([id])
  await patch(id, { _enable: true, password: null })
  expect(await status()).toBe('prospect')
  expect(await hashOf(id)).toBeNull()
  expect(problem(await patch(id, { status: 'active' }))).toEqual([422, '/data/attributes/status'])
})

test('switched off, gone, or with another password: the database ends the tokens that are out', async () => {
  const ended = async (id: string) => {
    const rows = await service.db
      .knex('revocations')
      .where({ topic: `customer:${id}` })
      .whereNotNull('not_before')
    return rows.length
  }
  const { id } = await make(owner, 'customers', { attributes: { email: 'ends@example.com', password: PASSWORD } })
  expect(await ended(id)).toBe(0)
  await patch(id, { email: 'moved@example.com' })
  expect(await ended(id)).toBe(0)
  await patch(id, { password: 'another good one' })
  expect(await ended(id)).toBe(1)
  await patch(id, { _disable: true })
  expect(await ended(id)).toBe(2)
  expect((await owner.delete(`/customers/${id}`)).status).toBe(204)
  expect(await ended(id)).toBe(3)
})

test('a sales channel and a plain member do not see them', async () => {
  const channel = await anApplication(service, owner, 'sales_channel')
  const member = await aMember(service, owner, owner.roles.Member as string)
  for (const api of [channel, member]) expect((await api.get('/customers')).status).toBe(403)
})
