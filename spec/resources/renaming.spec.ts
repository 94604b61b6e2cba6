import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  aMember,
  anApplication,
  anOwner,
  api,
  change,
  type Owner,
  type Reply,
  resource,
  tokenFor,
} from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// The slug is part of tokens and hosts: an admin may change it, and nobody ever gets what was another's.

let service: Service
let other: Service
let shared: Owner
beforeAll(async () => {
  service = await startService()
  shared = await anOwner(service)
  other = await startService({ db: service.db })
})
afterAll(async () => {
  await other.stop()
  await service.stop()
})

const rename = (owner: Pick<Owner, 'patch'>, id: string, slug: unknown): Promise<Reply> =>
  owner.patch(`/organizations/${id}`, change('organizations', id, { slug }))

const answer = ({ status, body }: Reply) => [status, body.errors?.[0].code, body.errors?.[0].meta?.error]

const slugIn = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).organization.slug

test('an admin renames an organization: its host follows, its history tells, the next token carries it everywhere', async () => {
  const owner = await anOwner(service, 'Before The Rename')
  const { organizationId: id } = owner
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  // Remembered by both instances.
  expect(slugIn(await tokenFor(other, machine))).toBe('before-the-rename')
  const { status, body } = await rename(owner, id, 'after-the-rename')
  expect([status, body.data.attributes.domain]).toEqual([200, 'after-the-rename.gatehouse.test'])
  expect(slugIn(await tokenFor(service, machine))).toBe('after-the-rename')
  await other.parts.revocations.refresh()
  const token = await tokenFor(other, machine)
  expect(slugIn(token)).toBe('after-the-rename')
  expect((await api(other, token).get('/organization')).body.data.attributes.slug).toBe('after-the-rename')
  expect((await machine.get('/organization')).status).toBe(200)
  const [version] = (await owner.get(`/versions?filter[q][resource_id_eq]=${id}&sort=-created_at`)).body.data
  expect(version.attributes.changes).toEqual({ slug: ['before-the-rename', 'after-the-rename'] })
})

test('no slug is ever given to another, but an organization may go back to its own', async () => {
  const [one, two] = [await anOwner(service, 'Going Away'), await anOwner(service, 'Coming Next')]
  expect((await rename(one, one.organizationId, 'gone-away')).status).toBe(200)
  const taken = await rename(two, two.organizationId, 'going-away')
  expect(answer(taken)).toEqual([409, 'RECORD_NOT_UNIQUE', 'taken'])
  expect(taken.body.errors[0].source).toEqual({ pointer: '/data/attributes/slug' })
  expect(answer(await rename(two, two.organizationId, 'gone-away'))).toEqual([409, 'RECORD_NOT_UNIQUE', 'taken'])
  expect((await rename(one, one.organizationId, 'going-away')).body.data.attributes.slug).toBe('going-away')
  expect(answer(await rename(two, two.organizationId, 'gone-away'))).toEqual([409, 'RECORD_NOT_UNIQUE', 'taken'])
  expect((await rename(two, two.organizationId, 'coming-next')).status).toBe(200)
})

test.each(['auth', 'provisioning', 'dashboard', 'www', 'api'])('the host %s is nobody’s', async (slug) => {
  expect(answer(await rename(shared, shared.organizationId, slug))).toEqual([422, 'VALIDATION_ERROR', 'exclusion'])
})

test.each(['', 'Upper', 'dot.ted', '-first', 'last-', 'a'.repeat(64), 'späte', null, 7])(
  '%j is no slug',
  async (slug) => {
    const owner = await anOwner(service)
    expect((await rename(owner, owner.organizationId, slug)).status).toBe(422)
  },
)

test('who may change an organization and is no admin changes everything but its slug', async () => {
  const owner = await anOwner(service)
  const { organizationId: id } = owner
  const links = { organization: ['organizations', id] as [string, string] }
  const editor = (await owner.post('/roles', resource('roles', { name: 'Editor' }, links))).body.data.id
  const permissions = (await owner.get(`/roles/${editor}/permissions`)).body.data
  const { id: permission } = permissions.find(
    (one: { attributes: { subject: string } }) => one.attributes.subject === 'organizations',
  )
  await owner.patch(`/permissions/${permission}`, change('permissions', permission, { can_update: true }))
  const member = await aMember(service, owner, editor)
  expect((await member.patch(`/organizations/${id}`, change('organizations', id, { name: 'New name' }))).status).toBe(
    200,
  )
  expect((await rename(member, id, 'by-an-editor')).status).toBe(403)
  expect((await rename(member, id, owner.organization.attributes.slug)).status).toBe(200)
})
