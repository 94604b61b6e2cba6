import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connect } from '../../src/db/connect.js'
import { createActivity } from '../../src/tokens/activity.js'
import { aMember, anApplication, anOwner, type Body, type Owner, resource, tokenFor } from '../support/api.js'
import { createMigratedDatabase, realPostgres } from '../support/database.js'
import { rowsOf } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const flush = () => service.parts.activity.flush()
const near = (at: unknown): boolean => Math.abs(Date.parse(String(at)) - Date.now()) < 30_000
const seatOf = async (organizationId: string, userId: string): Promise<Body> =>
  (await rowsOf(service, 'memberships', { organization_id: organizationId, user_id: userId }))[0]

describe('activity', () => {
  test('a token is a use of the application and of the secret that was presented, not of its other secrets', async () => {
    const one = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const rotated = await owner.post(`/api_credentials/${one.id}/rotate_secret`)
    const clientSecret: string = rotated.body.data.attributes.client_secret
    await service.db.knex('api_credentials').where({ id: one.id }).update({ last_used_at: null })
    await flush()
    await service.db.knex('api_credential_secrets').where({ api_credential_id: one.id }).update({ last_used_at: null })
    await tokenFor(service, { clientId: one.clientId, clientSecret })
    await flush()
    const { body } = await owner.get(`/api_credentials/${one.id}?include=secrets`)
    expect(near(body.data.attributes.last_used_at)).toBe(true)
    const used = body.included.map(({ attributes }: Body) => [attributes.retires_at === null, attributes.last_used_at])
    expect(used).toContainEqual([false, null])
    expect(used.find(([current]: [boolean]) => current)?.[1]).toEqual(expect.any(String))
  })

  test('a sales channel that comes without its secret is used, its secret is not', async () => {
    const channel = await anApplication(service, owner, 'sales_channel')
    await flush()
    const { body } = await owner.get(`/api_credentials/${channel.id}?include=secrets`)
    expect(near(body.data.attributes.last_used_at)).toBe(true)
    expect(body.included[0].attributes.last_used_at).toBeNull()
  })

  test('a refused client is no use', async () => {
    const one = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
    await expect(tokenFor(service, { clientId: one.clientId, clientSecret: 'wrong' })).rejects.toThrow()
    await expect(tokenFor(service, one)).rejects.toThrow()
    await flush()
    expect((await owner.get(`/api_credentials/${one.id}`)).body.data.attributes.last_used_at).toBeNull()
  })

  test('a call is activity of the user, and of the seat in the organization that it is about', async () => {
    const member = await aMember(service, owner, owner.roles.Member as string)
    await member.get('/roles')
    const other = await member.post('/organizations', resource('organizations', { name: 'A second one' }))
    const second: string = other.body.data.id
    await flush()
    expect(near((await seatOf(owner.organizationId, member.userId)).last_active_at)).toBe(true)
    expect(near((await seatOf(second, member.userId)).last_active_at)).toBe(true)
    expect(near((await member.get('/user')).body.data.attributes.last_active_at)).toBe(true)
    await service.db.knex('memberships').where({ user_id: member.userId }).update({ last_active_at: null })
    // Noted a minute ago at most: not again. A fresh instance has noted nothing.
    const fresh = await startService({ db: service.db })
    const headers = { authorization: `Bearer ${member.token}` }
    await fetch(`${fresh.url}/api/organizations/${second}`, { headers })
    await fresh.parts.activity.flush()
    expect((await seatOf(owner.organizationId, member.userId)).last_active_at).toBeNull()
    expect(near((await seatOf(second, member.userId)).last_active_at)).toBe(true)
    await fresh.stop()
  })

  test('shows in memberships, and changes neither updated_at nor the history', async () => {
    const member = await aMember(service, owner, owner.roles.Member as string)
    const path = `/memberships/${member.membershipId}`
    const before = (await owner.get(path)).body.data.attributes
    const versions = (await owner.get(`${path}/versions`)).body.meta.record_count
    await member.get('/roles')
    await flush()
    const after = (await owner.get(path)).body.data.attributes
    expect([before.last_active_at, near(after.last_active_at)]).toEqual([null, true])
    expect(after.updated_at).toBe(before.updated_at)
    expect((await owner.get(`${path}/versions`)).body.meta.record_count).toBe(versions)
  })

  test('nothing is written on the way of a request; a subject is written at most once a minute; times never go back', async () => {
    const member = await aMember(service, owner, owner.roles.Member as string)
    const seat = async () => (await seatOf(owner.organizationId, member.userId)).last_active_at
    const activity = createActivity({ knex: service.db.knex, log: { warn: () => undefined } })
    const at = (seconds: number): Date => new Date(Date.UTC(2030, 0, 1, 0, 0, seconds))
    const call = (seconds: number) => activity.userCalled(member.userId, [owner.organizationId], at(seconds))
    call(0)
    expect(await seat()).toBeNull()
    await activity.flush()
    expect(await seat()).toBe(at(0).toISOString())
    call(30)
    call(59)
    await activity.flush()
    expect(await seat()).toBe(at(0).toISOString())
    call(60)
    await activity.flush()
    expect(await seat()).toBe(at(60).toISOString())
    const behind = createActivity({ knex: service.db.knex, log: { warn: () => undefined } })
    behind.userCalled(member.userId, [owner.organizationId], at(10))
    await behind.stop()
    expect(await seat()).toBe(at(60).toISOString())
  })

  test('signing in is told of the user and of the seat', async () => {
    const member = await aMember(service, owner, owner.roles.Member as string)
    service.parts.activity.signedIn(member.userId, owner.organizationId, new Date())
    await flush()
    expect(near((await seatOf(owner.organizationId, member.userId)).last_login_at)).toBe(true)
    expect(near((await member.get('/user')).body.data.attributes.last_login_at)).toBe(true)
  })

  test('a database that is away is said, throws nothing, and the next use is noted again', async () => {
    const member = await aMember(service, owner, owner.roles.Member as string)
    const warnings: unknown[] = []
    let away = true
    const knex = new Proxy(service.db.knex, {
      get: (target, name) => {
        if (name === 'client' && away) return { acquireConnection: () => Promise.reject(new Error('away')) }
        return Reflect.get(target, name)
      },
    })
    const activity = createActivity({ knex, log: { warn: (...all: unknown[]) => void warnings.push(all) } })
    const now = new Date()
    activity.userCalled(member.userId, [owner.organizationId], now)
    await activity.flush()
    expect(warnings).toHaveLength(1)
    away = false
    activity.userCalled(member.userId, [owner.organizationId], now)
    await activity.flush()
    expect((await seatOf(owner.organizationId, member.userId)).last_active_at).toBe(now.toISOString())
  })
})

test('many instances write the same subjects at once on a real PostgreSQL: no deadlock, no waiting', async () => {
  const server = await realPostgres()
  const database = await createMigratedDatabase(server.url())
  const db = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 12, log: () => undefined })
  try {
    const at = await startService({ db })
    const host = await anOwner(at)
    const made = await Promise.all(Array.from({ length: 30 }, () => anApplication(at, host, 'sales_channel')))
    await at.stop()
    const warnings: unknown[] = []
    const log = { warn: (...all: unknown[]) => void warnings.push(all) }
    const now = new Date()
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const activity = createActivity({ knex: db.knex, log })
        const order = index % 2 === 0 ? made : made.toReversed()
        for (const { id } of order) {
          activity.tokenIssued({ applicationId: id, organizationId: host.organizationId, secretId: undefined }, now)
        }
        await activity.stop()
      }),
    )
    expect(warnings).toEqual([])
    const used = await rowsOf({ db }, 'api_credentials', { last_used_at: now })
    expect(used).toHaveLength(30)
  } finally {
    await db.close()
    await database.drop()
    await server.stop()
  }
})
