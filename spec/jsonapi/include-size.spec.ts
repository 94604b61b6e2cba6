import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, type Owner } from '../support/api.js'
import { hearQueries } from '../support/queries.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

/** Adds roles without asking the API, which is quicker for many. */
async function addRoles(organization: string, many: number): Promise<string[]> {
  const now = new Date()
  const rows = Array.from({ length: many }, (_, index) => ({
    organization_id: organization,
    id: newId(),
    name: `Role ${String(index).padStart(5, '0')}`,
    kind: 'custom',
    created_at: now,
    updated_at: now,
  }))
  await service.db.knex.batchInsert('roles', rows, 500)
  return rows.map(({ id }) => id)
}

describe('J15 size', () => {
  /** Statements of the request's own transaction; the poll for revocations goes on beside it. */
  const queriesOf = async (path: string, caller: Pick<Owner, 'get'> = owner): Promise<number> => {
    const transactions = new Map<string, string[]>()
    const stop = hearQueries(service.db, ({ sql, bindings = [], __knexTxId: id = '' }) => {
      transactions.set(id, [...(transactions.get(id) ?? []), `${sql} ${bindings}`])
    })
    const { status, body } = await caller.get(path)
    stop()
    if (status !== 200) throw new Error(JSON.stringify(body))
    const own = [...transactions.values()].filter((statements) => statements.join().includes('gatehouse_api'))
    expect(own).toHaveLength(1)
    return own[0]?.length ?? 0
  }

  test('a list with one include does a fixed number of queries, whatever its size', async () => {
    const big = await anOwner(service)
    const small = await anOwner(service)
    await addRoles(big.organizationId, 300)
    const sizes = [
      await queriesOf('/roles?include=organization&page[size]=1', small),
      await queriesOf('/roles?include=organization&page[size]=3', small),
      await queriesOf('/roles?include=organization&page[size]=100', big),
      await queriesOf('/roles?include=permissions&page[size]=100', big),
      await queriesOf('/roles?include=permissions&page[size]=100&page[number]=2', big),
      (await queriesOf(`/organizations/${big.organizationId}/roles?include=organization&page[size]=100`, big)) - 1,
    ]
    expect(new Set(sizes).size).toBe(1)
    // begin, the locks, the page, its count, the include, commit
    expect(sizes[0]).toBeLessThanOrEqual(6)
  })

  test('each further relationship costs one query more', async () => {
    const [none, one, two, nested] = [
      await queriesOf('/memberships'),
      await queriesOf('/memberships?include=organization'),
      await queriesOf('/memberships?include=organization,role'),
      await queriesOf('/memberships?include=organization,role.organization'),
    ]
    expect([one - none, two - one, nested - two]).toEqual([1, 1, 1])
  })

  test('more than two thousand related records are refused, with the way to read them', async () => {
    const big = await anOwner(service)
    await addRoles(big.organizationId, 2001)
    const start = performance.now()
    const { status, body } = await big.get('/organizations?include=roles')
    expect([status, body.errors[0].code, body.errors[0].source]).toEqual([
      400,
      'INVALID_INCLUDE',
      { parameter: 'include' },
    ])
    expect(body.errors[0].detail).toMatch(/related link/)
    expect(performance.now() - start).toBeLessThan(1000)
    expect((await big.get(`/organizations/${big.organizationId}/roles`)).body.meta.record_count).toBe(2004)
  })

  test('so are few that are large: eight megabytes of metadata', async () => {
    const big = await anOwner(service)
    const ids = await addRoles(big.organizationId, 270)
    const include = async () => (await big.get('/organizations?include=roles')).status
    const metadata = JSON.stringify({ a: 'x'.repeat(32_000) })
    await service.db.knex('roles').whereIn('id', ids.slice(0, 200)).update({ metadata })
    expect(await include()).toBe(200)
    await service.db.knex('roles').whereIn('id', ids.slice(200)).update({ metadata })
    expect(await include()).toBe(400)
  })

  test('going in circles costs no query', async () => {
    const once = await queriesOf('/roles?include=organization.roles.permissions')
    expect(await queriesOf('/roles?include=organization.roles.permissions,organization.roles.organization')).toBe(once)
  })

  test('the widest and deepest include, twenty at once, is bounded, and others are answered meanwhile', async () => {
    const big = await anOwner(service)
    await addRoles(big.organizationId, 900)
    const names = ['memberships', 'roles', 'permissions', 'api_credentials'].flatMap((name) =>
      ['roles', 'api_credentials', 'permissions'].map((last) => `${name}.organization.${last}`),
    )
    const wide = `${service.url}/api/organizations?page[size]=100&include=${names.join(',')}`
    // Not by `get`: checking twenty answers of a megabyte against the description takes longer than making them.
    const heavy = Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await fetch(wide, { headers: { authorization: `Bearer ${big.token}` } })
        return [answer.status, (await answer.arrayBuffer()).byteLength < 2_000_000]
      }),
    )
    for (let i = 0; i < 10; i += 1) expect((await owner.get('/user')).status).toBe(200)
    const answers = await heavy
    expect(answers.filter(([status]) => status === 200).length).toBeGreaterThan(0)
    // Who asks for twenty of these at once is told to wait; an answer is never larger than it may be.
    for (const [status, small] of answers) expect([status === 200 || status === 503, small]).toEqual([true, true])
    expect(await queriesOf(wide.replace(`${service.url}/api`, ''), big)).toBeLessThan(20)
  })
})
