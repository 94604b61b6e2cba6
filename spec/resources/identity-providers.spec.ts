import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { verifyDomains } from '../../src/jobs/verify-domains.js'
import {
  aMember,
  anApplication,
  anOwner,
  aPerson,
  type Body,
  change,
  type Owner,
  type Reply,
  resource,
} from '../support/api.js'
import { type NameServer, startNameServer } from '../support/dns.js'
import { rowsOf, runJob } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let names: NameServer
let service: Service
let owner: Owner
beforeAll(async () => {
  names = await startNameServer()
  service = await startService({ env: { DNS_SERVERS: names.address, JOBS: 'off' } })
  owner = await anOwner(service)
})
afterAll(async () => {
  await service.stop()
  await names.stop()
})

const SECRET = 'the secret of the provider'
const fields = (more: Record<string, unknown> = {}) => ({
  name: `Provider ${newId()}`,
  client_id: 'client',
  client_secret: SECRET,
  issuer: 'https://idp.example.com',
  token_url: 'https://idp.example.com/token',
  authorize_url: 'https://idp.example.com/authorize',
  jwks_url: 'https://idp.example.com/jwks',
  domains: `${newId().toLowerCase()}.example`,
  ...more,
})
const post = (more: Record<string, unknown> = {}, by = owner) =>
  by.post('/identity_providers', resource('identity_providers', fields(more)))
const create = async (more: Record<string, unknown> = {}, by = owner): Promise<Body> => {
  const made = await post(more, by)
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return made.body.data
}
const patch = (id: string, attributes: Record<string, unknown>) =>
  owner.patch(`/identity_providers/${id}`, change('identity_providers', id, attributes))
const problem = ({ status, body }: Reply) => [status, body.errors?.[0]?.source?.pointer]
const attributesOf = async (id: string) => (await owner.get(`/identity_providers/${id}`)).body.data.attributes

describe('identity providers', () => {
  test('keep their secret to themselves, sealed', async () => {
    const made = await create({ organization: 'org_1' })
    expect(made.attributes).toMatchObject({ status: 'pending', disabled_at: null, organization: 'org_1' })
    expect(made.attributes).not.toHaveProperty('client_secret')
    const [row] = await rowsOf<{ client_secret_sealed: string }>(service, 'identity_providers', { id: made.id })
    expect(row?.client_secret_sealed).toMatch(/^v1\./)
    expect(service.parts.secrets.open(String(row?.client_secret_sealed))).toBe(SECRET)
    await patch(made.id, { client_secret: 'a newer secret' })
    const history = await owner.get(`/versions?filter[q][resource_id_eq]=${made.id}`)
    expect(JSON.stringify([history.body, await attributesOf(made.id)])).not.toMatch(/secret|v1\./)
    expect((await owner.get('/identity_providers?filter[q][client_secret_eq]=x')).status).toBe(400)
  })

  test('are written by the owner only, and read by role', async () => {
    const { id } = await create()
    const admin = await aMember(service, owner, owner.roles.Admin as string)
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const plain = await aMember(service, owner, owner.roles.Member as string)
    for (const api of [admin, machine]) {
      expect((await api.get(`/identity_providers/${id}`)).status).toBe(200)
      expect((await api.post('/identity_providers', resource('identity_providers', fields()))).status).toBe(403)
      expect(
        (await api.patch(`/identity_providers/${id}`, change('identity_providers', id, { name: 'x' }))).status,
      ).toBe(403)
      expect((await api.delete(`/identity_providers/${id}`)).status).toBe(403)
    }
    expect((await plain.get(`/identity_providers/${id}`)).status).toBe(403)
    // Who made it, is shown to that person alone.
    expect((await owner.get(`/identity_providers/${id}/user`)).body.data.id).toBe(owner.userId)
    expect((await admin.get(`/identity_providers/${id}/user`)).body.data).toBeNull()
  })

  test('belong to the one organization that the caller owns, or to the one that is named', async () => {
    const person = await aPerson(service)
    const found = async (name: string) =>
      (await person.post('/organizations', resource('organizations', { name }))).body.data.id
    const first = await found('First')
    const by = person as unknown as Owner
    const { id } = await create({}, by)
    expect((await person.get(`/identity_providers/${id}/owner_organization`)).body.data.id).toBe(first)
    const second = await found('Second')
    expect(problem(await post({}, by))).toEqual([422, '/data/relationships/owner_organization'])
    const named = resource('identity_providers', fields(), { owner_organization: ['organizations', second] })
    expect((await person.post('/identity_providers', named)).status).toBe(201)
    const foreign = resource('identity_providers', fields(), {
      owner_organization: ['organizations', owner.organizationId],
    })
    expect((await person.post('/identity_providers', foreign)).status).toBe(404)
  })

  test('have a name that is unique in the organization, and addresses without plain http', async () => {
    const { attributes } = await create()
    const again = await post({ name: attributes.name.toUpperCase() })
    expect(problem(again)).toEqual([409, '/data/attributes/name'])
    // J5: what another organization calls its own is nobody's business.
    const other = await anOwner(service)
    expect((await post({ name: attributes.name }, other)).status).toBe(201)
    expect(problem(await post({ token_url: 'http://idp.example.com/token' }))).toEqual([
      422,
      '/data/attributes/token_url',
    ])
    expect((await post({ token_url: 'http://localhost:9/token' })).status).toBe(201)
    expect(problem(await post({ domains: 'not a domain' }))).toEqual([422, '/data/attributes/domains'])
    expect(problem(await post({ domains: 'a.example,,b.example' }))).toEqual([422, '/data/attributes/domains'])
  })

  test('the TXT record follows from organization and domains', async () => {
    const domains = 'One.example, two.example'
    const made = await create({ domains })
    expect(made.attributes.domains).toBe('one.example,two.example')
    expect(made.attributes.txt_record).toMatch(/^cl-verification=[0-9a-f]{40}$/)
    expect((await create({ domains: 'two.example,one.example' })).attributes.txt_record).toBe(
      made.attributes.txt_record,
    )
    expect((await create({ domains: 'one.example' })).attributes.txt_record).not.toBe(made.attributes.txt_record)
    // The record is public: it must prove nothing for another organization.
    expect((await create({ domains }, await anOwner(service))).attributes.txt_record).not.toBe(
      made.attributes.txt_record,
    )
  })

  test('_disable and _enable, also when it is made', async () => {
    const made = await create({ _disable: true })
    expect(made.attributes.disabled_at).toMatch(/Z$/)
    expect((await patch(made.id, { _enable: true })).body.data.attributes.disabled_at).toBeNull()
    expect((await owner.delete(`/identity_providers/${made.id}`)).status).toBe(204)
  })
})

describe('domains are proven by DNS', () => {
  const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * 60_000)
  const check = (minutes = 0.1) => runJob(service, verifyDomains, { now: inMinutes(minutes) })

  test('verified when the record stands in every domain, with a history', async () => {
    const [one, two] = [`${newId().toLowerCase()}.example`, `${newId().toLowerCase()}.example`]
    const made = await create({ domains: `${one},${two}` })
    const { txt_record } = made.attributes
    names.zone.set(one, ['v=spf1 -all', txt_record])
    names.zone.set(two, ['something else'])
    await check()
    expect(await attributesOf(made.id)).toMatchObject({ status: 'pending', checked_at: expect.any(String) })
    names.zone.set(two, [txt_record])
    await check(0.5)
    expect((await attributesOf(made.id)).status).toBe('pending')
    await check(2)
    expect((await attributesOf(made.id)).status).toBe('verified')
    const history = await owner.get(`/versions?filter[q][resource_id_eq]=${made.id}&filter[q][event_eq]=update`)
    expect(history.body.data.map((each: Body) => [each.attributes.changes, each.attributes.who])).toEqual([
      [{ status: ['pending', 'verified'] }, null],
    ])
  })

  test('error when a domain does not exist; a proof is taken back with the record, not with a silence', async () => {
    const domain = `${newId().toLowerCase()}.example`
    const made = await create({ domains: domain })
    await check()
    expect((await attributesOf(made.id)).status).toBe('error')
    names.zone.set(domain, [made.attributes.txt_record])
    await check(2)
    expect((await attributesOf(made.id)).status).toBe('verified')
    names.zone.set(domain, 'silent')
    await check(60 * 25)
    expect((await attributesOf(made.id)).status).toBe('verified')
    names.zone.set(domain, [])
    await check(60 * 50)
    expect((await attributesOf(made.id)).status).toBe('error')
  })

  test('other domains must be proven anew', async () => {
    const domain = `${newId().toLowerCase()}.example`
    const made = await create({ domains: domain })
    names.zone.set(domain, [made.attributes.txt_record])
    await check()
    expect((await attributesOf(made.id)).status).toBe('verified')
    expect((await patch(made.id, { name: `Renamed ${newId()}` })).body.data.attributes.status).toBe('verified')
    const changed = await patch(made.id, { domains: `${domain},other.${domain}` })
    expect(changed.body.data.attributes).toMatchObject({ status: 'pending' })
    expect(changed.body.data.attributes.txt_record).not.toBe(made.attributes.txt_record)
  })

  test('two instances ask once', async () => {
    const domain = `${newId().toLowerCase()}.example`
    const made = await create({ domains: domain })
    names.zone.set(domain, [made.attributes.txt_record])
    await Promise.all([check(), check(), check()])
    expect(names.asked.filter((name) => name === domain)).toHaveLength(1)
  })
})
