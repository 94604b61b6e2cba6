import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, aPerson, change, type Person, patient, type Reply } from '../support/api.js'
import { startRealService } from '../support/real-service.js'
import type { Service } from '../support/service.js'

// Fifty at once on a real PostgreSQL: one winner, and nothing that looks like a fault of ours (ATTACKS J11).

jest.setTimeout(60_000)

const FIFTY = 50

let service: Service
let people: Person[]
beforeAll(async () => {
  service = await startRealService(40)
  people = []
  for (let n = 0; n < FIFTY; n += 10)
    people.push(...(await Promise.all(Array.from({ length: 10 }, async () => patient(await aPerson(service))))))
}, 60_000)
afterAll(() => service.stop())

/** Seats people in an organization as admins, active at once; answers the ids of the seats. */
async function seat(organizationId: string, persons: readonly Person[], isOwner: boolean): Promise<string[]> {
  const { knex } = service.db
  const role = await knex('roles').where({ organization_id: organizationId, kind: 'admin' }).first('id')
  const now = new Date()
  const rows = persons.map(({ userId, email }) => ({
    ...{ organization_id: organizationId, id: newId(), role_id: role.id, user_id: userId, user_email: email },
    ...{ status: 'active', invitation_status: 'accepted', owner: isOwner, created_at: now, updated_at: now },
  }))
  await knex('memberships').insert(rows)
  await service.parts.revocations.refresh()
  return rows.map(({ id }) => id)
}

/** How often each answer came: `409 LAST_OWNER` and the like. */
function tally(replies: readonly Reply[]): Record<string, number> {
  const names = replies.map(({ status, body }) => `${status} ${body?.errors?.[0].code ?? ''}`.trim())
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, names.filter((one) => one === name).length]),
  )
}

const ownersOf = (organizationId: string) =>
  service.db.knex('memberships').where({ organization_id: organizationId, owner: true }).pluck('user_email')

test('J11 fifty owners who all leave at once leave one behind', async () => {
  const { organizationId } = await anOwner(service)
  const [first] = await ownersOf(organizationId)
  const seats = await seat(organizationId, people, true)
  await service.db.knex('memberships').where({ organization_id: organizationId, user_email: first }).delete()
  const replies = await Promise.all(people.map((person, n) => person.delete(`/memberships/${seats[n]}`)))
  expect(tally(replies)).toEqual({ '204': FIFTY - 1, '409 LAST_OWNER': 1 })
  expect(await ownersOf(organizationId)).toHaveLength(1)
})

test('J11 fifty owners of whom each removes the next leave at least one', async () => {
  const { organizationId } = await anOwner(service)
  const [first] = await ownersOf(organizationId)
  const seats = await seat(organizationId, people, true)
  await service.db.knex('memberships').where({ organization_id: organizationId, user_email: first }).delete()
  const replies = await Promise.all(people.map((person, n) => person.delete(`/memberships/${seats[(n + 1) % FIFTY]}`)))
  expect(replies.filter(({ status }) => status >= 500)).toEqual([])
  const left = await ownersOf(organizationId)
  expect(left.length).toBeGreaterThan(0)
  expect(replies.filter(({ status }) => status < 300)).toHaveLength(FIFTY - left.length)
})

test('fifty transfers of one ownership at once: one is done, the others are told', async () => {
  const { organizationId, patch, email } = patient(await anOwner(service))
  await seat(organizationId, people, false)
  const replies = await Promise.all(
    people.map((person) =>
      patch(`/organizations/${organizationId}/transfer_ownership`, { data: { new_owner_email: person.email } }),
    ),
  )
  const { 202: done, ...others } = tally(replies)
  expect(done).toBe(1)
  expect(Object.keys(others).filter((name) => !['409 CONFLICT', '403 FORBIDDEN'].includes(name))).toEqual([])
  const left = await ownersOf(organizationId)
  expect(left).toHaveLength(1)
  expect(left).not.toEqual([email])
})

test('fifty organizations that take one slug at once: one has it, forty-nine are told that it is taken', async () => {
  const { knex } = service.db
  const now = new Date()
  const ids = people.map(() => newId())
  const organization = (id: string) => ({
    id,
    name: 'Rename',
    slug: `rename-${id.toLowerCase()}`,
    created_at: now,
    updated_at: now,
  })
  const role = (id: string) => ({
    organization_id: id,
    id: newId(),
    name: 'Admin',
    kind: 'admin',
    created_at: now,
    updated_at: now,
  })
  await knex('organizations').insert(ids.map(organization))
  await knex('roles').insert(ids.map(role))
  await Promise.all(ids.map((id, n) => seat(id, [people[n] as Person], true)))
  const replies = await Promise.all(
    people.map((person, n) => {
      const id = ids[n] as string
      return person.patch(`/organizations/${id}`, change('organizations', id, { slug: 'the-one-name' }))
    }),
  )
  expect(tally(replies)).toEqual({ '200': 1, '409 RECORD_NOT_UNIQUE': FIFTY - 1 })
  const won = await knex('organizations').where({ slug: 'the-one-name' }).pluck('id')
  expect(await knex('slugs').where({ slug: 'the-one-name' }).pluck('organization_id')).toEqual(won)
})
