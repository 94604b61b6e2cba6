import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { AnyDefinition } from '../../src/jsonapi/define.js'
import { createRegistry } from '../../src/jsonapi/registry.js'
import { definitions, others } from '../../src/resources/index.js'
import { anOwner, change, resource } from '../support/api.js'
import { specDatabase } from '../support/database.js'
import { labels } from '../support/example/resource.js'
import { type Service, startService } from '../support/service.js'

// "Adding a resource type" of ARCHITECTURE.md, done: one table, one folder, one line.

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const migration = text('../support/example/labels.up.sql')

let service: Service
beforeAll(async () => {
  const db = await specDatabase()
  await db.knex.raw(migration)
  const registry = createRegistry([...definitions, labels], others, { domain: 'gatehouse.test' })
  service = await startService({ db, overrides: { registry } })
})
afterAll(async () => {
  await service?.db.knex.raw('drop table labels')
  await service?.stop()
  await service?.db.close()
})

test('ARCHITECTURE.md shows what this spec runs', () => {
  const page = text('../../ARCHITECTURE.md')
  expect(page).toContain(migration.trim())
  expect(page).toContain(text('../support/example/resource.ts').replaceAll('../../../src/', '../../').trim())
})

test('the new type can be created, listed, filtered, included, changed, deleted, and has a history', async () => {
  const owner = await anOwner(service)
  const links = {
    organization: ['organizations', owner.organizationId] as [string, string],
    role: ['roles', owner.roles.Admin] as [string, string],
  }
  const made = await owner.post('/labels?include=role', resource('labels', { name: 'Urgent', color: '#FF0000' }, links))
  expect([made.status, made.body.included[0].attributes.name]).toEqual([201, 'Admin'])
  const { id } = made.body.data
  expect((await owner.post('/labels', resource('labels', { name: 'x', color: 'red' }, links))).status).toBe(422)
  const found = await owner.get(
    '/labels?filter[q][name_or_reference_start]=urg&filter[q][role_name_eq]=Admin&sort=-name',
  )
  expect(found.body.data.map((one: { id: string }) => one.id)).toEqual([id])
  expect(
    (await owner.patch(`/labels/${id}`, change('labels', id, { color: null }))).body.data.attributes.color,
  ).toBeNull()
  expect((await owner.get(`/labels/${id}/role`)).body.data.id).toBe(owner.roles.Admin)
  expect((await owner.delete(`/labels/${id}`)).status).toBe(204)
  const events = (await owner.get(`/versions?filter[q][resource_id_eq]=${id}&sort=created_at`)).body.data
  expect(events.map((one: { attributes: { event: string } }) => one.attributes.event)).toEqual([
    'create',
    'update',
    'destroy',
  ])
  const stranger = await anOwner(service)
  expect((await stranger.get('/labels')).body.meta.record_count).toBe(0)
})

test('a definition that could leak is refused at boot, with the repair', () => {
  const broken = {
    ...labels,
    attributes: { secret: { kind: 'string' as const, options: { can: ['filter'] as const, doc: 'x' } } },
  }
  expect(() => createRegistry([...definitions, broken as unknown as AnyDefinition], others, { domain: 'x' })).toThrow(
    /"secret" can be used to filter but not be read/,
  )
  const lost = {
    ...labels,
    relationships: {
      owner: { target: 'people', many: false, options: { key: 'id', can: ['read'] as const, doc: 'x' } },
    },
  }
  expect(() => createRegistry([...definitions, lost as unknown as AnyDefinition], others, { domain: 'x' })).toThrow(
    /there are: organizations, /,
  )
})
