import { authenticate, jwtDecode, revoke } from '@commercelayer/js-auth'
import type { Organization, Role } from '@commercelayer/provisioning-sdk'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anOwner } from '../support/api.js'
import { aDeveloper, jsAuthToken, refusalOf, type Sdk, sdkFor } from '../support/official-clients.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

// What a token may do is what its application's role says now: seen through the official clients alone.

let tls: TlsService
let sdk: Sdk
let organization: Organization
let role: Role

const MEDIA_TYPE = 'application/vnd.api+json'
const NOTHING = { can_create: false, can_read: false, can_update: false, can_destroy: false }

/** What an endpoint answers to a token; for the endpoints that the SDK has no method for. */
async function status(token: string, path: string, method = 'GET', data?: unknown): Promise<number> {
  const answer = await tls.fetch(`https://provisioning.${tls.domain}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE },
    ...(data === undefined ? {} : { body: JSON.stringify({ data }) }),
  })
  return answer.status
}

async function anIntegration(name: string, of: Role) {
  const made = await sdk.api_credentials.create({
    name,
    kind: 'integration',
    organization: sdk.organizations.relationship(organization),
    role: sdk.roles.relationship(of),
  })
  const client = { clientId: String(made.client_id), clientSecret: String(made.client_secret) }
  const token = await jsAuthToken(tls, client)
  return { id: made.id, ...client, token, sdk: sdkFor(tls, token) }
}

const setPermission = async (subject: string, flags: Partial<typeof NOTHING>): Promise<void> => {
  const [present] = await sdk.roles.permissions(role.id, { filters: { subject_eq: subject } })
  if (present) await sdk.permissions.update({ id: present.id, ...NOTHING, ...flags })
  else await sdk.permissions.create({ subject, ...NOTHING, ...flags, role: sdk.roles.relationship(role) })
}

beforeAll(async () => {
  tls = await startTlsService()
  ;({ sdk } = await aDeveloper(tls))
  organization = await sdk.organizations.create({ name: 'The White Brand' })
  role = await sdk.roles.create({ name: 'Inviter', organization: sdk.organizations.relationship(organization) })
  const given = await sdk.roles.permissions(role.id, { pageSize: 25 })
  for (const { id } of given) await sdk.permissions.update({ id, ...NOTHING })
  await setPermission('memberships', { can_create: true, can_read: true })
  await setPermission('roles', { can_read: true })
  await setPermission('organizations', { can_read: true })
})
afterAll(() => tls.stop())

test('an integration with a custom role does what the role allows, and nothing else', async () => {
  const machine = await anIntegration('Inviter', role)
  const { id } = organization
  const [member] = await sdk.organizations.memberships(id)
  const inside = machine.sdk.organizations.relationship(id)
  // Allowed: reading three types, creating one.
  expect((await machine.sdk.organizations.retrieve(id)).name).toBe('The White Brand')
  expect(await machine.sdk.roles.count()).toBe(4)
  const invited = await machine.sdk.memberships.create({
    user_email: 'invited@example.com',
    organization: inside,
    role: machine.sdk.roles.relationship(role),
  })
  expect((await machine.sdk.memberships.retrieve(invited.id)).status).toBe('pending')
  // Each other thing is refused.
  const refused = {
    permissions: machine.sdk.permissions.list(),
    api_credentials: machine.sdk.api_credentials.list(),
    versions: machine.sdk.versions.list(),
    'roles.permissions': machine.sdk.roles.permissions(role.id),
    'include permissions': machine.sdk.roles.list({ include: ['permissions'] }),
    'create role': machine.sdk.roles.create({ name: 'Mine', organization: inside }),
    'update role': machine.sdk.roles.update({ id: role.id, name: 'Mine' }),
    'update membership': machine.sdk.memberships.update({ id: invited.id, reference: 'x' }),
    'delete membership': machine.sdk.memberships.delete(invited.id),
    resend: machine.sdk.memberships.resend(invited.id),
    'update organization': machine.sdk.organizations.update({ id, name: 'Mine' }),
    'create organization': machine.sdk.organizations.create({ name: 'Mine' }),
    transfer: machine.sdk.organizations.transfer_ownership(id, { new_owner_email: 'invited@example.com' } as never),
    'invite with a higher role': machine.sdk.memberships.create({
      user_email: 'second@example.com',
      organization: inside,
      role: { type: 'roles', id: member === undefined ? '' : (await sdk.memberships.role(member.id)).id },
    }),
  }
  for (const [what, call] of Object.entries(refused)) {
    const { status: answered, errors } = await refusalOf(call)
    expect([what, answered, errors[0]?.code]).toEqual([what, 403, 'FORBIDDEN'])
  }
  // A machine is nobody: it has no user.
  expect([403, 404]).toContain((await refusalOf(machine.sdk.user.retrieve())).status)
})

test('a change of the role counts for tokens that are out already', async () => {
  const machine = await anIntegration('Changing', role)
  expect((await refusalOf(machine.sdk.versions.list())).status).toBe(403)
  await setPermission('versions', { can_read: true })
  expect((await machine.sdk.versions.list()).recordCount).toBeGreaterThan(0)
  await setPermission('versions', {})
  expect((await refusalOf(machine.sdk.versions.list())).status).toBe(403)
})

test('a sales channel gets its token by the client id alone and sees the two singletons only', async () => {
  const inside = sdk.organizations.relationship(organization)
  const made = await sdk.api_credentials.create({ name: 'Shop', kind: 'sales_channel', organization: inside })
  const token = await jsAuthToken(tls, { clientId: String(made.client_id) })
  expect(jwtDecode(token).payload).toMatchObject({ application: { kind: 'sales_channel', public: true } })
  expect(await status(token, '/organization')).toBe(200)
  expect(await status(token, '/application')).toBe(200)
  for (const type of ['organizations', 'memberships', 'roles', 'permissions', 'api_credentials', 'versions']) {
    const data = { type, attributes: {} }
    const answered = [
      await status(token, `/${type}`),
      await status(token, `/${type}/${organization.id}`),
      await status(token, `/${type}/AAAAAAAAAA`, 'DELETE'),
      await status(token, `/${type}/AAAAAAAAAA`, 'PATCH', { ...data, id: 'AAAAAAAAAA' }),
      await status(token, `/${type}`, 'POST', data),
    ]
    expect([type, answered.every((one) => [403, 404, 405, 422].includes(one)), answered[0]]).toEqual([type, true, 403])
  }
  expect([403, 404]).toContain(await status(token, '/user'))
})

test('a revoked token is dead at once, the next one lives', async () => {
  const machine = await anIntegration('Revoked', role)
  expect(await machine.sdk.roles.count()).toBeGreaterThan(0)
  const { clientId, clientSecret, token } = machine
  expect(await revoke({ clientId, clientSecret, token })).toEqual({})
  const { status: answered, errors } = await refusalOf(machine.sdk.roles.list())
  expect([answered, errors[0]?.code, errors[0]?.detail]).toEqual([
    401,
    'INVALID_TOKEN',
    'The access token you provided is invalid.',
  ])
  const next = await jsAuthToken(tls, { clientId, clientSecret })
  expect(await sdkFor(tls, next).roles.count()).toBeGreaterThan(0)
})

test('a token of somebody else is not revoked', async () => {
  const [one, other] = [await anIntegration('One', role), await anIntegration('Other', role)]
  const { clientId, clientSecret } = one
  const answer = await revoke({ clientId, clientSecret, token: other.token })
  expect(answer.errors).toMatchObject([{ code: 'FORBIDDEN', status: 403, title: 'unauthorized_client' }])
  expect(await other.sdk.roles.count()).toBeGreaterThan(0)
})

test('a deleted credential ends its tokens, and gets no more', async () => {
  const machine = await anIntegration('Gone', role)
  await sdk.api_credentials.delete(machine.id)
  expect((await refusalOf(machine.sdk.roles.list())).status).toBe(401)
  const { clientId, clientSecret } = machine
  const answer = await authenticate('client_credentials', { domain: tls.domain, clientId, clientSecret })
  expect(answer.errors).toMatchObject([{ title: 'invalid_client', code: 'UNAUTHORIZED', status: 401 }])
})

test('J9 nobody gives a role that holds more, though they cannot read what it holds', async () => {
  const theirs = await anOwner(tls.service)
  const inside = sdk.organizations.relationship(theirs.organizationId)
  const boss = sdkFor(tls, theirs.token)
  const weak = await boss.roles.create({ name: 'Weak', organization: inside })
  const strong = await boss.roles.create({ name: 'Strong', organization: inside })
  for (const one of await boss.roles.permissions(weak.id, { pageSize: 25 })) {
    const reads = ['memberships', 'roles', 'organizations'].includes(one.subject)
    await boss.permissions.update({
      id: one.id,
      ...NOTHING,
      can_read: reads,
      can_create: one.subject === 'memberships',
    })
  }
  // An admin elsewhere: the right to read permissions there must not make these look empty here.
  const inviter = await aMember(tls.service, theirs, weak.id)
  const hers = sdkFor(tls, inviter.token)
  await hers.organizations.create({ name: 'Her own' })
  const invite = (id: string) =>
    hers.memberships.create({
      user_email: `${id}@example.com`,
      organization: inside,
      role: hers.roles.relationship(id),
    })
  expect((await invite(weak.id)).status).toBe('pending')
  for (const id of [strong.id, String(theirs.roles.Admin), String(theirs.roles['Read-only'])]) {
    expect((await refusalOf(invite(id))).status).toBe(403)
  }
})
