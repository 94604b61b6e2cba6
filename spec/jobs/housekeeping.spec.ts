import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { purgeOrganizations } from '../../src/jobs/purge-organizations.js'
import { sweep } from '../../src/jobs/sweep.js'
import { aMember, anOwner, type Owner } from '../support/api.js'
import { collections, makeFixtures } from '../support/fixtures.js'
import { rowsOf, runJob } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const DAY = 24 * 3600 * 1000
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY)

/** Tables that hold rows of an organization, with how many. */
async function holdings(owner: Owner): Promise<Record<string, number>> {
  const { rows } = await service.db.knex.raw<{ rows: { table: string }[] }>(
    `select c.relname as table from pg_attribute a join pg_class c on c.oid = a.attrelid
      where a.attname = 'organization_id' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`,
  )
  const found: Record<string, number> = {}
  for (const { table } of rows) {
    const count = (await rowsOf(service, table, { organization_id: owner.organizationId })).length
    if (count > 0) found[table] = count
  }
  found.organizations = (await rowsOf(service, 'organizations', { id: owner.organizationId })).length
  return found
}

async function deleteSince(owner: Owner, days: number): Promise<void> {
  const { organizationId, organization } = owner
  await owner.delete(`/organizations/${organizationId}?confirm=${organization.attributes.slug}`)
  await service.db
    .knex('organizations')
    .where({ id: organizationId })
    .update({ deleted_at: daysAgo(days) })
}

describe('purging organizations', () => {
  test('thirty days after its deletion all of it goes, of every type, but the slug; nobody else loses a row', async () => {
    const { registry } = service.parts
    const gone = await anOwner(service)
    const kept = await anOwner(service)
    const recent = await anOwner(service)
    for (const owner of [gone, kept, recent]) {
      await makeFixtures(registry, owner)
      await aMember(service, owner, owner.roles.Member as string)
    }
    const before = await holdings(kept)
    const tables = new Set(collections(registry).map(({ definition }) => definition.table))
    expect([...tables].filter((table) => !(table in before))).toEqual([])
    await deleteSince(gone, 31)
    await deleteSince(recent, 29)
    const alive = await holdings(recent)
    const logs = await runJob(service, purgeOrganizations)
    expect(logs.filter(({ organization }) => organization === gone.organizationId)).toHaveLength(1)
    const left = await holdings(gone)
    // Mails on their way are swept by their own job; a slug is never given away again.
    expect({ ...left, outbox: 0 }).toEqual({ organizations: 0, slugs: 1, outbox: 0 })
    expect(await holdings(kept)).toEqual(before)
    expect(await holdings(recent)).toEqual(alive)
    expect((await kept.get('/roles')).status).toBe(200)
    expect(await rowsOf(service, 'users', { id: gone.userId })).toHaveLength(1)
  })

  test('more than a batch of rows', async () => {
    const owner = await anOwner(service)
    const { organizationId } = owner
    const rows = Array.from({ length: 1300 }, () => ({
      organization_id: organizationId,
      id: newId(),
      resource_type: 'roles',
      resource_id: newId(),
      event: 'update',
      changes: '{}',
      created_at: new Date(),
    }))
    await service.db.knex.batchInsert('versions', rows, 200)
    await deleteSince(owner, 40)
    await runJob(service, purgeOrganizations)
    expect(await holdings(owner)).toEqual({ organizations: 0, slugs: 1 })
  })

  test('stops between pieces when the instance stops, and goes on another time', async () => {
    const owner = await anOwner(service)
    await deleteSince(owner, 31)
    const stopped = new AbortController()
    stopped.abort()
    await runJob(service, purgeOrganizations, { signal: stopped.signal })
    expect((await holdings(owner)).organizations).toBe(1)
    await runJob(service, purgeOrganizations)
    expect((await holdings(owner)).organizations).toBe(0)
  })

  test('the role that purges can touch nothing of an organization that lives, and change nothing at all', async () => {
    const owner = await anOwner(service)
    const attempt = (sql: string) =>
      service.db.knex.transaction(async (trx) => {
        await trx.raw('set local role gatehouse_purge')
        const answer = await trx.raw<{ rowCount: number }>(sql)
        return answer.rowCount
      })
    expect(await attempt(`delete from versions where organization_id = '${owner.organizationId}'`)).toBe(0)
    expect(await attempt(`delete from organizations where id = '${owner.organizationId}'`)).toBe(0)
    await expect(attempt(`update organizations set name = 'x'`)).rejects.toMatchObject({ code: '42501' })
    await expect(attempt('select 1 from users')).rejects.toMatchObject({ code: '42501' })
  })
})

describe('sweeping', () => {
  test('expired revocations and mails long sent go; what still counts and what is dead stays', async () => {
    const { knex } = service.db
    const topic = `spec:${newId()}`
    const at = (expires_at: Date) => ({ topic, expires_at })
    await knex('revocations').insert([
      ...Array.from({ length: 2100 }, () => at(daysAgo(1))),
      at(new Date(Date.now() + DAY)),
    ])
    const mail = (patch: object) => ({
      id: newId(),
      kind: 'invitation',
      payload: topic,
      next_attempt_at: daysAgo(20),
      created_at: daysAgo(20),
      ...patch,
    })
    await knex('outbox').insert([
      mail({ sent_at: daysAgo(8), dead_at: null }),
      mail({ sent_at: daysAgo(6), dead_at: null }),
      mail({ sent_at: null, dead_at: daysAgo(19) }),
    ])
    await runJob(service, sweep)
    expect(await rowsOf(service, 'revocations', { topic })).toHaveLength(1)
    const left = await rowsOf(service, 'outbox', { payload: topic })
    expect(left.map(({ sent_at, dead_at }) => [sent_at !== null, dead_at !== null]).sort()).toEqual([
      [false, true],
      [true, false],
    ])
    await knex('outbox').where({ payload: topic }).delete()
  })
})
