import type { Organization, Role } from '@commercelayer/provisioning-sdk'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import type { Person } from '../support/api.js'
import { aDeveloper, refusalOf, type Sdk } from '../support/official-clients.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

// The main job on real input: the published SDK, unchanged, through its documented options.

let tls: TlsService
let person: Person
let sdk: Sdk
let organization: Organization
let roles: Map<string, Role>

const inside = () => sdk.organizations.relationship(organization.id)
const roleCalled = (name: string): Role => {
  const role = roles.get(name)
  if (role === undefined) throw new Error(`no role is called ${name}`)
  return role
}

beforeAll(async () => {
  tls = await startTlsService()
  ;({ person, sdk } = await aDeveloper(tls))
  organization = await sdk.organizations.create({ name: 'The Blue Brand', reference: 'blue', metadata: { tier: 1 } })
  const listed = await sdk.organizations.roles(organization.id, { pageSize: 25 })
  roles = new Map(Array.from(listed, (role) => [role.name, role]))
})
afterAll(() => tls.stop())

describe('organizations', () => {
  test('create, retrieve, update, list, count', async () => {
    expect(organization).toMatchObject({ type: 'organizations', name: 'The Blue Brand', metadata: { tier: 1 } })
    expect(organization.domain).toBe(`${organization.slug}.${tls.domain}`)
    const changed = await sdk.organizations.update({ id: organization.id, name: 'The Green Brand', reference: null })
    expect(changed).toMatchObject({
      id: organization.id,
      name: 'The Green Brand',
      reference: null,
      slug: organization.slug,
    })
    const found = await sdk.organizations.list({
      filters: { name_start: 'The Green', slug_eq: organization.slug ?? '' },
    })
    expect(Array.from(found, ({ id }) => id)).toEqual([organization.id])
    expect(await sdk.organizations.count({ name_eq: 'The Green Brand' })).toBe(1)
    expect(await sdk.organizations.count()).toBe(1)
  })

  test('includes are nested into objects, fields narrow them', async () => {
    const found = await sdk.organizations.retrieve(organization.id, {
      include: ['memberships.role', 'roles', 'permissions', 'api_credentials'],
      fields: { organizations: ['name', 'memberships', 'roles'], roles: ['name', 'kind'] },
    })
    expect(Object.keys(found).sort()).toEqual(['id', 'memberships', 'name', 'roles', 'type'])
    expect(found.roles?.map(({ name, kind }) => `${name}:${kind}`).sort()).toEqual([
      'Admin:admin',
      'Member:custom',
      'Read-only:read_only',
    ])
    expect(found.memberships?.[0]).toMatchObject({ user_email: person.email, owner: true, role: { name: 'Admin' } })
  })

  test('related getters page, sort, filter', async () => {
    const page = await sdk.organizations.permissions(organization.id, { pageSize: 3, pageNumber: 2, sort: ['-id'] })
    expect(page.meta).toEqual({ pageCount: 3, recordCount: 7, currentPage: 2, recordsPerPage: 3 })
    expect([page.hasPrevPage(), page.hasNextPage()]).toEqual([true, true])
    expect(Array.from(page, ({ id }) => id)).toEqual(Array.from(page, ({ id }) => id).sort((a, b) => (a < b ? 1 : -1)))
    const live = await sdk.organizations.api_credentials(organization.id, { filters: { mode_eq: 'live' } })
    expect(Array.from(live, ({ kind, mode }) => [kind, mode])).toEqual([['resources', 'live']])
    expect(await sdk.organizations.memberships(organization.id)).toHaveLength(1)
  })

  test('transfer_ownership moves the flag to a member, and only to a member', async () => {
    const { sdk: hers, person: other } = await aDeveloper(tls)
    const mine = await sdk.organizations.create({ name: `Handed over ${newId()}` })
    const stranger = sdk.organizations.transfer_ownership(mine.id, { new_owner_email: other.email } as never)
    expect(await refusalOf(stranger)).toMatchObject({ status: 422, errors: [{ code: 'VALIDATION_ERROR' }] })
    const [member] = await sdk.organizations.roles(mine.id, { filters: { name_eq: 'Member' } })
    const seat = await sdk.memberships.create({
      user_email: other.email,
      organization: sdk.organizations.relationship(mine.id),
      role: sdk.roles.relationship(member?.id ?? ''),
    })
    const accepted = { status: 'active', invitation_status: 'accepted', user_id: other.userId, accepted_at: new Date() }
    await tls.service.db.knex('memberships').where({ id: seat.id }).update(accepted)
    await tls.service.parts.revocations.refresh()
    await sdk.organizations.transfer_ownership(mine.id, { new_owner_email: other.email } as never)
    const seats = await hers.organizations.memberships(mine.id, { include: ['role'], sort: ['created_at'] })
    expect(Array.from(seats, ({ owner, role }) => [owner, role?.name])).toEqual([
      [false, 'Admin'],
      [true, 'Admin'],
    ])
    const again = sdk.organizations.transfer_ownership(mine.id, { new_owner_email: person.email } as never)
    expect((await refusalOf(again)).status).toBe(403)
  })
})

describe('memberships', () => {
  test('create, resend, update, include, filter, sort, delete; then 404', async () => {
    const invited = await sdk.memberships.create(
      {
        user_email: 'Grace@Example.com',
        access_scope: 'test_access',
        organization: inside(),
        role: sdk.roles.relationship(roleCalled('Member')),
      },
      { include: ['role', 'organization'] },
    )
    expect(invited).toMatchObject({
      user_email: 'grace@example.com',
      status: 'pending',
      owner: false,
      test_enabled: true,
      role: { name: 'Member' },
      organization: { id: organization.id },
    })
    await sdk.memberships.resend(invited.id)
    const role = sdk.roles.relationship(roleCalled('Read-only'))
    const changed = await sdk.memberships.update(
      { id: invited.id, role, access_scope: 'all_access' },
      { include: ['role'] },
    )
    expect(changed).toMatchObject({ access_scope: 'all_access', role: { name: 'Read-only' } })
    expect((await sdk.memberships.role(invited.id)).name).toBe('Read-only')
    expect((await sdk.memberships.organization(invited.id)).id).toBe(organization.id)
    const filters = {
      user_email_cont: 'grace',
      status_eq: 'pending',
      role_kind_eq: 'read_only',
      created_at_gt: '2020-01-01',
    }
    const found = await sdk.memberships.list({ filters, sort: { status: 'asc', created_at: 'desc' } })
    expect(Array.from(found, ({ id }) => id)).toEqual([invited.id])
    const history = await sdk.memberships.versions(invited.id, { sort: ['created_at'] })
    expect(Array.from(history, ({ event }) => event)).toEqual(['create', 'update', 'update'])
    await sdk.memberships.delete(invited.id)
    expect(await refusalOf(sdk.memberships.retrieve(invited.id))).toMatchObject({
      status: 404,
      errors: [{ code: 'RECORD_NOT_FOUND', status: '404' }],
    })
  })

  test('the last owner cannot leave', async () => {
    const [seat] = await sdk.organizations.memberships(organization.id, { filters: { owner_true: true } })
    expect(await refusalOf(sdk.memberships.delete(seat?.id ?? ''))).toMatchObject({
      status: 409,
      errors: [{ code: 'LAST_OWNER' }],
    })
  })
})

describe('roles and permissions', () => {
  test('create, retrieve, update, trigger, list with several predicates', async () => {
    const role = await sdk.roles.create({ name: 'Support', organization: inside() }, { include: ['permissions'] })
    expect(role).toMatchObject({ name: 'Support', kind: 'custom' })
    expect(role.permissions).toHaveLength(7)
    const renamed = await sdk.roles.update({ id: role.id, name: 'Support desk', metadata: { floor: 3 } })
    expect(renamed).toMatchObject({ name: 'Support desk', metadata: { floor: 3 } })
    const found = await sdk.roles.list({
      filters: { name_cont: 'support', organization_slug_eq: organization.slug ?? '', metadata_jcont: { floor: 3 } },
      sort: ['-created_at', 'id'],
      pageSize: 5,
    })
    expect(Array.from(found, ({ id }) => id)).toEqual([role.id])
    expect(await sdk.roles.count({ kind_in: ['admin', 'read_only'], organization_id_eq: organization.id })).toBe(2)
    expect((await sdk.roles._add_missing_base_permissions(role.id)).id).toBe(role.id)
    expect((await sdk.roles.organization(role.id)).id).toBe(organization.id)
    expect(await sdk.roles.memberships(role.id)).toHaveLength(0)
    expect(await sdk.roles.api_credentials(role.id)).toHaveLength(0)
    expect(Array.from(await sdk.roles.versions(role.id), ({ event }) => event)).toEqual(['create', 'update'])
  })

  test('a permission: create, retrieve, update; its role and organization follow', async () => {
    const role = await sdk.roles.create({ name: 'Buyer', organization: inside() })
    const flags = { can_create: true, can_read: true, can_update: false, can_destroy: false }
    const made = await sdk.permissions.create({ ...flags, subject: 'orders', role: sdk.roles.relationship(role) })
    expect(made).toMatchObject({ ...flags, subject: 'orders', restrictions: {} })
    const changed = await sdk.permissions.update({ id: made.id, can_update: true, can_create: false })
    expect(changed).toMatchObject({ can_create: false, can_read: true, can_update: true, can_destroy: false })
    expect((await sdk.permissions.role(made.id)).id).toBe(role.id)
    expect((await sdk.permissions.organization(made.id)).id).toBe(organization.id)
    const listed = await sdk.roles.permissions(role.id, {
      fields: ['subject', 'can_update'],
      filters: { subject_matches: 'ord%', can_update_true: true },
    })
    expect(listed).toHaveLength(1)
    expect(listed.first()).toEqual({ id: made.id, type: 'permissions', subject: 'orders', can_update: true })
    const [version] = await sdk.permissions.versions(made.id, { filters: { event_eq: 'update' } })
    expect(version?.changes).toMatchObject({ can_create: [true, false], can_update: [false, true] })
    const twice = sdk.permissions.create({ ...flags, subject: 'orders', role: sdk.roles.relationship(role) })
    expect((await refusalOf(twice)).status).toBe(409)
  })
})
