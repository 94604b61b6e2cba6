import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { migrate, migrationStatus, rollback } from '../../src/db/migrate.js'
import { newId } from '../../src/ids.js'
import { purgeOrganizations } from '../../src/jobs/purge-organizations.js'
import { compileResources } from '../../src/resources/index.js'
import { aMember, anApplication, anOwner, type Body, type Owner, resource } from '../support/api.js'
import { collections } from '../support/fixtures.js'
import { runJob } from '../support/jobs.js'
import { startRealService } from '../support/real-service.js'
import type { Service } from '../support/service.js'

// `meta.record_count` without looking at the rows: counters that triggers keep, in the transaction of the rows.

jest.setTimeout(60_000)

const registry = compileResources({ domain: 'gatehouse.test' })
const guards = [...registry.guards.values()].filter(({ tenant }) => tenant === 'organization_id')
const tables = [...new Set(guards.map(({ table }) => table))].sort()

let service: Service
beforeAll(async () => {
  service = await startRealService()
}, 60_000)
afterAll(() => service.stop())

/** Rows by organization and table, counted one by one, or as the counters have them. */
async function counts(how: 'one by one' | 'counters'): Promise<string[]> {
  const each = tables.map(
    (table) =>
      `select '${table}' as name, organization_id, count(*)::int as rows from ${table} group by organization_id`,
  )
  const summed =
    'select table_name as name, organization_id, sum(rows)::int as rows from row_counts group by table_name, organization_id'
  const { rows } = await service.db.knex.raw<{ rows: { name: string; organization_id: string; rows: number }[] }>(
    how === 'counters' ? summed : each.join(' union all '),
  )
  return rows
    .filter((row) => row.rows !== 0)
    .map((row) => `${row.organization_id} ${row.name} ${row.rows}`)
    .sort()
}

async function expectExact(): Promise<void> {
  const counted = await counts('one by one')
  expect(counted.length).toBeGreaterThan(8)
  expect(await counts('counters')).toEqual(counted)
}

const link = (owner: Owner) => ({ organization: ['organizations', owner.organizationId] as [string, string] })

/** What many people do at once in one organization: make, undo, fail, remove. */
async function makeAndRemove(owner: Owner, turn: number): Promise<void> {
  const made = await owner.post('/roles', resource('roles', { name: `Role ${turn}` }, link(owner)))
  expect(made.status).toBe(201)
  await owner.post('/customers', resource('customers', { email: `same-${turn % 5}@example.com` }, link(owner)))
  const failing = { op: 'add', data: resource('merchants', { name: 'Gone' }, link(owner)).data }
  const operations = [failing, { op: 'add', data: { type: 'merchants', attributes: {} } }]
  const type = 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"'
  const undone = await fetch(`${service.url}/api/operations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${owner.token}`, accept: type, 'content-type': type },
    body: JSON.stringify({ 'atomic:operations': operations }),
  })
  expect(undone.status).toBe(422)
  const app = { name: 'App', kind: 'integration' }
  const role = { role: ['roles', made.body.data.id] as [string, string] }
  const { body } = await owner.post('/api_credentials', resource('api_credentials', app, { ...link(owner), ...role }))
  await owner.post(`/api_credentials/${body.data.id}/rotate_secret`)
  if (turn % 2 === 0) return
  expect((await owner.delete(`/api_credentials/${body.data.id}`)).status).toBe(204)
  expect((await owner.delete(`/roles/${made.body.data.id}`)).status).toBe(204)
}

test('every listed tenant table is counted at every insert and delete', async () => {
  const listed = collections(registry).filter(({ guarded }) => guarded.tenant === 'organization_id')
  const { rows } = await service.db.knex.raw<{ rows: { table: string; events: number }[] }>(`
    select c.relname as table, count(*)::int as events from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where t.tgfoid = 'count_changed_rows'::regproc and t.tgenabled = 'O' group by c.relname`)
  const counted = rows.filter(({ events }) => events === 2).map(({ table }) => table)
  expect(listed.map(({ guarded }) => guarded.table).filter((table) => !counted.includes(table))).toEqual([])
  expect(listed.length).toBeGreaterThan(12)
})

test('the counters are those of the rows after ten people have made, undone and removed at once', async () => {
  const owners = await Promise.all([anOwner(service), anOwner(service)])
  const turns = Array.from({ length: 10 }, (_, turn) => turn)
  await Promise.all(turns.map((turn) => makeAndRemove(owners[turn % 2] as Owner, turn)))
  await expectExact()
  const [owner] = owners as [Owner, Owner]
  for (const { name } of collections(registry).filter(({ guarded }) => guarded.tenant === 'organization_id')) {
    const { data, meta } = (await owner.get(`/${name}?page[size]=100&filter[q][id_not_eq]=none`)).body
    const counted = (await owner.get(`/${name}?page[size]=1`)).body.meta
    expect([name, counted.record_count]).toEqual([name, meta.record_count])
    if (meta.record_count <= 100) expect([name, data.length]).toEqual([name, counted.record_count])
  }
})

test('the far end of an organization is counted for that organization, though its reader stands in several', async () => {
  const one = await anOwner(service)
  const two = await one.post('/organizations', resource('organizations', { name: 'Second' }))
  await one.post('/roles', resource('roles', { name: 'Extra' }, link(one)))
  const far = async (id: string) => (await one.get(`/organizations/${id}/roles`)).body.meta.record_count
  expect([await far(one.organizationId), await far(two.body.data.id)]).toEqual([4, 3])
  expect((await one.get('/roles')).body.meta.record_count).toBe(7)
  expect((await one.get(`/roles/${one.roles.Admin}/memberships`)).body.meta.record_count).toBe(1)
  expect((await one.get(`/roles/${one.roles.Member}/memberships`)).body.meta.record_count).toBe(0)
})

test('whoever sees a part of the rows is told the number of that part', async () => {
  const owner = await anOwner(service)
  const nothing = await owner.post('/roles', resource('roles', { name: 'Nothing' }, link(owner)))
  const { data } = (await owner.get(`/roles/${nothing.body.data.id}/permissions?page[size]=100`)).body
  for (const { id } of data) expect((await owner.delete(`/permissions/${id}`)).status).toBe(204)
  const member = await aMember(service, owner, nothing.body.data.id)
  const seats = (await member.get('/memberships')).body
  expect([seats.meta.record_count, seats.data.length]).toEqual([1, 1])
  expect((await owner.get('/memberships')).body.meta.record_count).toBe(2)
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const modes = (await machine.get('/api_credentials')).body
  expect(new Set(modes.data.map((one: Body) => one.attributes.mode))).toEqual(new Set(['test']))
  expect(modes.meta.record_count).toBe(modes.data.length)
  expect((await owner.get('/api_credentials')).body.meta.record_count).toBe(modes.data.length + 1)
})

test('the history is counted by what changed and by what happened, as filters ask for it', async () => {
  const owner = await anOwner(service)
  const role = (await owner.post('/roles', resource('roles', { name: 'Short' }, link(owner)))).body.data.id
  expect((await owner.delete(`/roles/${role}`)).status).toBe(204)
  const asked: string[] = []
  const hear = ({ sql }: { sql: string }): void => {
    if (/count\(\*\).*"versions"/.test(sql)) asked.push(sql)
  }
  service.db.knex.on('query', hear)
  const countOf = async (filter: string): Promise<number> =>
    (await owner.get(`/versions?page[size]=1${filter}`)).body.meta.record_count
  const byCounter = async (filter: string, many: number): Promise<void> => {
    asked.length = 0
    // The same with a condition that all meet, so that the rows are counted one by one.
    expect([filter, await countOf(filter)]).toEqual([filter, await countOf(`${filter}&filter[q][id_not_eq]=none`)])
    expect([filter, asked.length]).toEqual([filter, many])
  }
  await byCounter('', 1)
  await byCounter('&filter[q][resource_type_eq]=roles', 1)
  await byCounter('&filter[q][event_in]=create,destroy', 1)
  await byCounter('&filter[q][resource_type_in]=roles,permissions&filter[q][event_eq]=create', 1)
  await byCounter('&filter[q][resource_type_eq]=roles&filter[q][event_eq]=destroy', 1)
  await byCounter('&filter[q][event_eq]=never', 0)
  await byCounter('&filter[q][event_not_eq]=create', 2)
  await byCounter('&filter[q][event_eq_or_null]=create', 2)
  await byCounter('&filter[q][resource_type_or_event_eq]=roles', 2)
  service.db.knex.removeListener('query', hear)
  expect(await countOf('&filter[q][resource_type_eq]=roles&filter[q][event_eq]=destroy')).toBe(1)
  expect(await countOf('&filter[q][event_eq]=never')).toBe(0)
})

test('a change finds its counter by an index, however many organizations there are', async () => {
  const owner = await anOwner(service)
  const changed = service.db.knex.transaction(async (trx) => {
    const scans = async () => {
      const sql = `select seq_scan::int as tables, idx_scan::int as indexes from pg_stat_xact_user_tables where relname = 'row_counts'`
      return (await trx.raw<{ rows: { tables: number; indexes: number }[] }>(sql)).rows[0] ?? { tables: 0, indexes: 0 }
    }
    await trx.raw(`set local session_replication_role = replica; insert into row_counts (organization_id, table_name, rows)
      select 'Crowd' || n, 'roles', 1 from generate_series(1, 20000) n; set local session_replication_role = origin; analyze row_counts`)
    const now = new Date()
    const role = {
      organization_id: owner.organizationId,
      name: 'Counted',
      kind: 'custom',
      created_at: now,
      updated_at: now,
    }
    const before = await scans()
    await trx('roles').insert({ ...role, id: newId() })
    const after = await scans()
    expect([after.tables - before.tables, after.indexes > before.indexes]).toEqual([0, true])
    throw new Error('undone')
  })
  await expect(changed).rejects.toThrow('undone')
})

test('a definition names the columns by which its table is counted', async () => {
  const { rows } = await service.db.knex.raw<{ rows: { table: string; columns: string }[] }>(`
    select distinct tgrelid::regclass::text as table, encode(tgargs, 'escape') as columns
    from pg_trigger where tgfoid = 'count_changed_rows'::regproc and tgnargs > 0`)
  const counted = rows.map(({ table, columns }) => [table, columns.split('\\000').filter(Boolean)])
  expect(counted).toEqual(guards.flatMap(({ table, countedBy }) => (countedBy ? [[table, countedBy]] : [])))
  expect(counted).toHaveLength(1)
})

test('subscription_info tells the totals of the contract', async () => {
  const owner = await anOwner(service)
  await owner.post('/markets', resource('markets', { name: 'Somewhere' }, link(owner)))
  await aMember(service, owner, owner.roles.Member as string)
  const { attributes } = (await owner.get(`/organizations/${owner.organizationId}`)).body.data
  expect(attributes.subscription_info).toEqual({
    plan_type: 'self_hosted',
    limits: { markets: null, skus: null, organizations: null, memberships: null },
    totals: { markets: 1, skus: 0, organizations: 1, memberships: 2 },
  })
})

test('a GET sees one moment: its page, its count, what it includes', async () => {
  const owner = await anOwner(service)
  const seen = await service.parts.access.run(
    { principal: owner.principal, requestId: 'spec', readOnly: true },
    async ({ scope }) => {
      const total = async () => (await scope.total('roles', owner.organizationId)?.statement())?.rows[0]?.record_count
      const before = await total()
      await owner.post('/roles', resource('roles', { name: 'Later' }, link(owner)))
      return [before, await total(), (await scope.from('roles').select('id')).length]
    },
  )
  expect(seen).toEqual([3, 3, 3])
  expect((await owner.get('/roles')).body.meta.record_count).toBe(4)
})

test('restoring leaves the counters exact, and a purge takes them along', async () => {
  const owner = await anOwner(service)
  const confirm = `/organizations/${owner.organizationId}?confirm=${owner.organization.attributes.slug}`
  expect((await owner.delete(confirm)).status).toBe(204)
  expect((await owner.post(`/organizations/${owner.organizationId}/restore`)).status).toBe(202)
  await expectExact()
  expect((await owner.delete(confirm)).status).toBe(204)
  const { knex } = service.db
  await knex('organizations')
    .where({ id: owner.organizationId })
    .update({ deleted_at: knex.raw("now() - interval '31 days'") })
  await runJob(service, purgeOrganizations)
  expect(await knex('organizations').where({ id: owner.organizationId })).toEqual([])
  expect(await knex('row_counts').where({ organization_id: owner.organizationId })).toEqual([])
  await expectExact()
})

test('the migration counts what is there', async () => {
  const { applied } = await migrationStatus(service.db)
  const steps = applied.length - applied.indexOf('20261122130000_row_counts')
  await rollback(service.db, steps)
  await expect(service.db.knex('row_counts')).rejects.toThrow()
  await migrate(service.db)
  await expectExact()
})
