import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { retireSecrets } from '../../src/jobs/retire-secrets.js'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  type Body,
  call,
  change,
  type Owner,
  patient,
  tokenFor,
} from '../support/api.js'
import { createMigratedDatabase, realPostgres } from '../support/database.js'
import { runJob } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const anIntegration = (by = owner, at = service) =>
  anApplication(at, by, 'integration', { roleId: by.roles['Read-only'] as string })
const rotate = (id: string, overlap?: unknown, by: Api = owner) =>
  by.post(
    `/api_credentials/${id}/rotate_secret`,
    overlap === undefined ? undefined : { data: { attributes: { overlap_seconds: overlap } } },
  )
const secretsOf = async (id: string, by: Api = owner): Promise<Body[]> =>
  (await by.get(`/api_credentials/${id}/secrets`)).body.data
const secretOf = (reply: { body: Body }): string => reply.body.data.attributes.client_secret
const DAY = 24 * 3600 * 1000

async function tokenStatus(clientId: string, clientSecret: string, at = service): Promise<number> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  return (await call(at, '/oauth/token', { method: 'POST', body })).status
}

describe('rotating a secret', () => {
  test('answers the new one once; both count during the overlap of seven days; the client_id stays', async () => {
    const one = await anIntegration()
    const rotated = await rotate(one.id)
    expect(rotated.status).toBe(200)
    expect(rotated.body.data.attributes.client_id).toBe(one.clientId)
    const secret = secretOf(rotated)
    expect(secret).toMatch(/^gh_sk_test_/)
    expect(secret).not.toBe(one.clientSecret)
    expect(await tokenStatus(one.clientId, one.clientSecret)).toBe(200)
    expect(await tokenStatus(one.clientId, secret)).toBe(200)
    expect((await owner.get(`/api_credentials/${one.id}`)).body.data.attributes.client_secret).toBeNull()
    const [old, fresh] = await secretsOf(one.id)
    expect(Math.abs(Date.parse(old.attributes.retires_at) - Date.now() - 7 * DAY)).toBeLessThan(30_000)
    expect(fresh.attributes).toMatchObject({ retires_at: null, last_used_at: null, mode: 'test' })
    expect(JSON.stringify([old, fresh])).not.toMatch(/gh_sk|hash/)
  })

  test('T9 with an overlap of 0 the old secret and its tokens are dead at once; tokens of the new one live', async () => {
    const one = await anIntegration()
    expect((await one.get('/roles')).status).toBe(200)
    const secret = secretOf(await rotate(one.id, 0))
    expect((await one.get('/roles')).status).toBe(401)
    expect(await tokenStatus(one.clientId, one.clientSecret)).toBe(401)
    const token = await tokenFor(service, { clientId: one.clientId, clientSecret: secret })
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(service, '/api/roles', { headers })).status).toBe(200)
    expect(await secretsOf(one.id)).toHaveLength(1)
  })

  test('when the overlap is over the old secret is refused, and the job ends it with its tokens', async () => {
    const one = await anIntegration()
    const secret = secretOf(await rotate(one.id, 60))
    const [old] = await secretsOf(one.id)
    await service.db.knex('api_credential_secrets').where({ id: old.id }).update({ retires_at: new Date() })
    expect(await tokenStatus(one.clientId, one.clientSecret)).toBe(401)
    expect((await one.get('/roles')).status).toBe(200)
    await runJob(service, retireSecrets)
    await service.parts.revocations.refresh()
    expect((await one.get('/roles')).status).toBe(401)
    expect(await tokenStatus(one.clientId, secret)).toBe(200)
    expect((await owner.get(`/api_credential_secrets/${old.id}`)).status).toBe(404)
    const told = await owner.get(`/versions?filter[q][resource_id_eq]=${old.id}&sort=created_at`)
    expect(told.body.data.map((version: Body) => version.attributes.event)).toEqual(['create', 'update', 'destroy'])
    expect(told.body.data[2].attributes.who).toBeNull()
  })

  test('at most three secrets count at once; an overlap of 0 always goes', async () => {
    const one = await anIntegration()
    expect([(await rotate(one.id)).status, (await rotate(one.id)).status]).toEqual([200, 200])
    const refused = await rotate(one.id)
    expect([refused.status, refused.body.errors[0].code]).toEqual([409, 'CONFLICT'])
    expect(await secretsOf(one.id)).toHaveLength(3)
    expect((await rotate(one.id, 0)).status).toBe(200)
    expect(await secretsOf(one.id)).toHaveLength(1)
  })

  test('a later rotation never lengthens the life of an older secret', async () => {
    const one = await anIntegration()
    await rotate(one.id, 3600)
    const before = (await secretsOf(one.id))[0].attributes.retires_at
    await rotate(one.id, 7200)
    expect((await secretsOf(one.id))[0].attributes.retires_at).toBe(before)
  })

  test('overlap_seconds is a whole number from 0 to thirty days', async () => {
    const one = await anIntegration()
    for (const bad of [-1, 2_592_001, 1.5, '60', null])
      expect([bad, (await rotate(one.id, bad)).status]).toEqual([bad, 422])
    const odd = await owner.post(`/api_credentials/${one.id}/rotate_secret`, { data: { attributes: { overlap: 1 } } })
    expect(odd.status).toBe(422)
    expect(await secretsOf(one.id)).toHaveLength(1)
  })

  test('a browser-only webapp and the built-in applications have none', async () => {
    const attributes = { confidential: false, redirect_uri: 'https://app.example.com/cb' }
    const spa = await anApplication(service, owner, 'webapp', { attributes })
    expect((await rotate(spa.id)).status).toBe(409)
    const listed = await owner.get('/api_credentials?filter[q][kind_eq]=resources')
    expect((await rotate(listed.body.data[0].id)).status).toBe(409)
  })

  test('J8 nobody rotates above their own rank, nor without the right, nor in another organization', async () => {
    const admin = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const reader = await anIntegration()
    expect((await rotate(reader.id, 0, reader)).status).toBe(403)
    const member = await aMember(service, owner, owner.roles.Member as string)
    expect((await rotate(admin.id, 0, member)).status).toBe(403)
    const stranger = await anOwner(service)
    expect((await rotate(admin.id, 0, stranger)).status).toBe(404)
    expect((await admin.get('/roles')).status).toBe(200)
    // An admin integration rotates its own: that is what rotation by machine is for.
    expect((await rotate(admin.id, undefined, admin)).status).toBe(200)
  })
})

describe('the secrets of an application', () => {
  test('retiring one now ends its tokens; the last of a confidential application stays', async () => {
    const one = await anIntegration()
    const [first] = await secretsOf(one.id)
    const refused = await owner.delete(`/api_credential_secrets/${first.id}`)
    expect([refused.status, refused.body.errors[0].code]).toEqual([409, 'CONFLICT'])
    await rotate(one.id)
    expect((await owner.delete(`/api_credential_secrets/${first.id}`)).status).toBe(204)
    expect((await one.get('/roles')).status).toBe(401)
    expect(await tokenStatus(one.clientId, one.clientSecret)).toBe(401)
    const channel = await anApplication(service, owner, 'sales_channel')
    const [only] = await secretsOf(channel.id)
    expect((await owner.delete(`/api_credential_secrets/${only.id}`)).status).toBe(204)
    expect(await tokenStatus(channel.clientId, channel.clientSecret)).toBe(401)
    expect((await channel.get('/application')).status).toBe(200)
  })

  test('J6 can be neither made nor changed as resources', async () => {
    const one = await anIntegration()
    const [secret] = await secretsOf(one.id)
    expect((await owner.post('/api_credential_secrets', { data: { type: 'api_credential_secrets' } })).status).toBe(405)
    const body = change('api_credential_secrets', secret.id, { retires_at: null })
    expect((await owner.patch(`/api_credential_secrets/${secret.id}`, body)).status).toBe(405)
  })

  test('J3 no filter and no sort reaches the hash', async () => {
    for (const query of ['filter[q][hash_start]=a', 'sort=hash', 'fields[api_credential_secrets]=hash']) {
      expect([query, (await owner.get(`/api_credential_secrets?${query}`)).status]).toEqual([query, 400])
    }
  })

  test('a test-mode machine sees and retires those of test-mode applications only', async () => {
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const live = await anApplication(service, owner, 'integration', {
      roleId: owner.roles['Read-only'] as string,
      attributes: { mode: 'live' },
    })
    const [secret] = await secretsOf(live.id)
    const listed = await machine.get('/api_credential_secrets?page[size]=100')
    const modes = listed.body.data.map((one: Body) => one.attributes.mode)
    expect(new Set(modes)).toEqual(new Set(['test']))
    expect((await machine.get(`/api_credential_secrets/${secret.id}`)).status).toBe(404)
    expect((await machine.delete(`/api_credential_secrets/${secret.id}`)).status).toBe(404)
    expect((await rotate(live.id, 0, machine)).status).toBe(404)
    expect((await owner.get(`/api_credential_secrets/${secret.id}?include=api_credential`)).status).toBe(200)
  })

  test('a read-only role reads them', async () => {
    const reader = await aMember(service, owner, owner.roles['Read-only'] as string)
    expect((await reader.get('/api_credential_secrets')).status).toBe(200)
  })
})

describe('50 at once on a real PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof realPostgres>>
  let database: Awaited<ReturnType<typeof createMigratedDatabase>>
  let db: Database
  let at: Service
  beforeAll(async () => {
    server = await realPostgres()
    database = await createMigratedDatabase(server.url())
    db = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 20, log: () => undefined })
    at = await startService({ db })
  })
  afterAll(async () => {
    await at?.stop()
    await db?.close()
    await database?.drop()
    await server?.stop()
  })

  test('rotations of one application: two more secrets and no fourth; each answered secret works', async () => {
    const host = patient(await anOwner(at))
    const one = await anIntegration(host, at)
    const answers = await Promise.all(Array.from({ length: 50 }, () => rotate(one.id, undefined, host)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, ...Array<number>(48).fill(409)])
    expect(await secretsOf(one.id, host)).toHaveLength(3)
    const fresh = answers.filter(({ status }) => status === 200).map(secretOf)
    for (const secret of [one.clientSecret, ...fresh]) expect(await tokenStatus(one.clientId, secret, at)).toBe(200)
  })

  test('emergency rotations and retirements: no 500, and in the end one secret that works', async () => {
    const host = patient(await anOwner(at))
    const one = await anIntegration(host, at)
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        if (index % 2 === 0) return rotate(one.id, 0, host)
        const [secret] = await secretsOf(one.id, host)
        return host.delete(`/api_credential_secrets/${secret.id}`)
      }),
    )
    expect(answers.filter(({ status }) => ![200, 204, 404, 409].includes(status)).map(({ body }) => body)).toEqual([])
    expect(await secretsOf(one.id, host)).toHaveLength(1)
    const working = await Promise.all(
      answers.filter(({ status }) => status === 200).map((answer) => tokenStatus(one.clientId, secretOf(answer), at)),
    )
    expect(working.filter((status) => status === 200)).toHaveLength(1)
  })
})
