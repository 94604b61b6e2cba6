import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { purgeOrganizations } from '../../src/jobs/purge-organizations.js'
import { anOwner, type Owner } from '../support/api.js'
import { rowsOf, runJob } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

// Every instance reads the news of the last minute with each of its reads (tokens/revocation-mirror.ts): one row for each
// seat of a large organization that is changed at once made everybody's writes wait for seconds.

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const NAMES = ['A', 'B', 'C']

const newsOf = async (organizationId: string): Promise<number> =>
  (await rowsOf(service, 'revocations', { topic: `organization:${organizationId}`, not_before: null })).length

async function withRoles(): Promise<Owner> {
  const owner = await anOwner(service)
  const { knex } = service.db
  for (const id of NAMES)
    await knex('roles').insert({
      organization_id: owner.organizationId,
      id: `${id}${owner.organizationId.slice(1)}`,
      name: id,
      kind: 'custom',
      created_at: new Date(),
      updated_at: new Date(),
    })
  return owner
}

const endRoles = (knex: Service['db']['knex'], { organizationId }: Owner) =>
  knex('roles').where({ organization_id: organizationId }).whereIn('name', NAMES).delete()

test('many rows of an organization that change in one transaction are one piece of news, and the next transaction tells anew', async () => {
  const owner = await withRoles()
  const before = await newsOf(owner.organizationId)
  // Two at most: the tenth second may turn between two rows.
  expect(await endRoles(service.db.knex, owner)).toBe(3)
  const after = await newsOf(owner.organizationId)
  expect(after - before).toBeGreaterThanOrEqual(1)
  expect(after - before).toBeLessThanOrEqual(2)
  await service.db.knex('permissions').where({ organization_id: owner.organizationId }).delete()
  expect(await newsOf(owner.organizationId)).toBeGreaterThan(after)
})

test('two organizations in one transaction are both told of', async () => {
  const [one, other] = [await withRoles(), await withRoles()]
  const before = [await newsOf(one.organizationId), await newsOf(other.organizationId)]
  await service.db.knex.transaction(async (trx) => {
    await endRoles(trx, one)
    await endRoles(trx, other)
  })
  expect(await newsOf(one.organizationId)).toBeGreaterThan(before[0] as number)
  expect(await newsOf(other.organizationId)).toBeGreaterThan(before[1] as number)
})

test('what a savepoint takes back has not been told: the change that stays is', async () => {
  const owner = await withRoles()
  const before = await newsOf(owner.organizationId)
  await service.db.knex.transaction(async (trx) => {
    await trx
      .transaction(async (inner) => {
        await endRoles(inner, owner)
        throw new Error('taken back')
      })
      .catch(() => undefined)
    expect(await endRoles(trx, owner)).toBe(3)
  })
  expect(await newsOf(owner.organizationId)).toBeGreaterThan(before)
})

test('a purge tells nobody: nothing that it removes has given a right for thirty days', async () => {
  const owner = await withRoles()
  await owner.delete(`/organizations/${owner.organizationId}?confirm=${owner.organization.attributes.slug}`)
  await service.db
    .knex('organizations')
    .where({ id: owner.organizationId })
    .update({ deleted_at: new Date(Date.now() - 31 * 86_400_000) })
  const before = await newsOf(owner.organizationId)
  await runJob(service, purgeOrganizations)
  expect(await rowsOf(service, 'organizations', { id: owner.organizationId })).toEqual([])
  expect(await newsOf(owner.organizationId)).toBe(before)
})
