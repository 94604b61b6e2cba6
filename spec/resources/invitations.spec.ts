import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { newId } from '../../src/ids.js'
import { expireInvitations } from '../../src/jobs/expire-invitations.js'
import { readInvitation } from '../../src/resources/memberships/accept.js'
import { declineInvitation } from '../../src/resources/memberships/decline.js'
import { aMember, anApplication, anOwner, aPerson, change, type Owner, patient, resource } from '../support/api.js'
import { createMigratedDatabase, realPostgres } from '../support/database.js'
import { accept, invite, messagesOf, tokenFor } from '../support/invitations.js'
import { rowsOf, runJob } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const address = (): string => `${newId().toLowerCase()}@example.com`
const DAY = 24 * 3600 * 1000
const later = (ms: number): Date => new Date(Date.now() + ms)

/** An invitation of a person who has an account. */
async function anInvitation(at: Service = service, by: Owner = owner) {
  const person = await aPerson(at)
  const invited = await invite(by, person.email)
  if (invited.status !== 201) throw new Error(JSON.stringify(invited.body))
  const id: string = invited.body.data.id
  return { person, id, token: await tokenFor(at, by.organizationId, person.email) }
}
const shown = async (id: string) => (await owner.get(`/memberships/${id}`)).body.data.attributes
const resend = (id: string, by: Owner = owner) => by.post(`/memberships/${id}/resend`)
const revoke = (id: string, by: Owner = owner) =>
  by.patch(`/memberships/${id}`, change('memberships', id, { _revoke_invitation: true }))
const expire = (id: string, at: Service = service) =>
  at.db
    .knex('memberships')
    .where({ id })
    .update({ invitation_expires_at: later(-1000) })
const REFUSED = { kind: 'not_found' }

describe('pending → active', () => {
  test('accepting seats the invited user at once, for the tokens that the user has already too', async () => {
    const { person, id, token } = await anInvitation()
    expect((await person.get('/roles')).status).toBe(403)
    expect(await readInvitation({ ...place(), token, now: new Date() })).toMatchObject({
      email: person.email,
      membershipId: id,
      organizationId: owner.organizationId,
    })
    expect(await accept(service, token, person.userId)).toEqual({
      organizationId: owner.organizationId,
      membershipId: id,
    })
    await service.parts.revocations.refresh()
    expect((await person.get('/roles')).status).toBe(200)
    expect(await shown(id)).toMatchObject({
      status: 'active',
      invitation_status: 'accepted',
      user_first_name: 'Ada',
      accepted_at: expect.any(String),
    })
    const versions = await owner.get(`/memberships/${id}/versions?sort=-created_at`)
    expect(versions.body.data[0].attributes).toMatchObject({
      event: 'update',
      who: { user: { id: person.userId } },
      changes: { status: ['pending', 'active'], invitation_status: ['pending', 'accepted'] },
    })
  })

  test('J10 refused alike: another user, a second time, an edited token, expired, revoked, a deleted organization', async () => {
    const stranger = await aPerson(service)
    const refusals: unknown[] = []
    const refused = async (token: string, userId: string, now?: Date) => {
      const error = await accept(service, token, userId, now).catch((one: unknown) => one)
      expect(error).toMatchObject(REFUSED)
      refusals.push((error as Error).message)
    }
    const first = await anInvitation()
    await refused(first.token, stranger.userId)
    await refused(
      first.token.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
      first.person.userId,
    )
    await refused('', first.person.userId)
    await refused(first.token, first.person.userId, later(8 * DAY))
    await accept(service, first.token, first.person.userId)
    await refused(first.token, first.person.userId)
    const second = await anInvitation()
    expect((await revoke(second.id)).status).toBe(200)
    await refused(second.token, second.person.userId)
    const other = await anOwner(service)
    const third = await anInvitation(service, other)
    const { slug } = other.organization.attributes
    expect((await other.delete(`/organizations/${other.organizationId}?confirm=${slug}`)).status).toBe(204)
    await refused(third.token, third.person.userId)
    expect(new Set(refusals).size).toBe(1)
  })

  test('a disabled account accepts nothing', async () => {
    const { person, token } = await anInvitation()
    await service.db.knex('users').where({ id: person.userId }).update({ disabled_at: new Date() })
    await expect(accept(service, token, person.userId)).rejects.toMatchObject(REFUSED)
  })

  test('declining revokes it; the address can be invited again', async () => {
    const { id, person, token } = await anInvitation()
    await declineInvitation({ ...place(), token, now: new Date() })
    await expect(declineInvitation({ ...place(), token, now: new Date() })).rejects.toMatchObject(REFUSED)
    expect(await shown(id)).toMatchObject({ status: 'pending', invitation_status: 'revoked' })
    expect((await invite(owner, person.email)).body.data.id).toBe(id)
  })
})

const place = () => ({ knex: service.db.knex, secrets: service.parts.secrets })

describe('pending → expired', () => {
  test('the job says so, in the history too, with nobody as who; twice is once', async () => {
    const { id } = await anInvitation()
    const fresh = await anInvitation()
    await expire(id)
    await runJob(service, expireInvitations)
    await runJob(service, expireInvitations)
    expect(await shown(id)).toMatchObject({ status: 'pending', invitation_status: 'expired' })
    expect(await shown(fresh.id)).toMatchObject({ invitation_status: 'pending' })
    const { body } = await owner.get(`/memberships/${id}/versions?sort=-created_at`)
    expect(body.data).toHaveLength(2)
    expect(body.data[0].attributes).toMatchObject({
      who: null,
      changes: { invitation_status: ['pending', 'expired'] },
    })
    const listed = await owner.get('/memberships?filter[q][invitation_status_eq]=expired&page[size]=100')
    expect(listed.body.data.map((one: { id: string }) => one.id)).toContain(id)
  })

  test('more than a batch expires in one run', async () => {
    const other = await anOwner(service)
    const rows = Array.from({ length: 1100 }, () => ({
      organization_id: other.organizationId,
      id: newId(),
      role_id: other.roles.Member ?? '',
      user_email: address(),
      invitation_expires_at: later(-1000),
      created_at: new Date(),
      updated_at: new Date(),
    }))
    await service.db.knex.batchInsert('memberships', rows, 200)
    await runJob(service, expireInvitations)
    const expired = await rowsOf(service, 'memberships', {
      organization_id: other.organizationId,
      invitation_status: 'expired',
    })
    expect(expired).toHaveLength(1100)
    expect(await rowsOf(service, 'versions', { organization_id: other.organizationId, event: 'update' })).toHaveLength(
      1100,
    )
  })

  test('resend makes a new token and expiry on the same row, also after expiry; the old token stays dead', async () => {
    const { id, person, token } = await anInvitation()
    await expire(id)
    await runJob(service, expireInvitations)
    expect((await resend(id)).status).toBe(202)
    const { invitation_status, invitation_expires_at } = await shown(id)
    expect(invitation_status).toBe('pending')
    expect(Date.parse(invitation_expires_at)).toBeGreaterThan(Date.now() + 6 * DAY)
    await expect(accept(service, token, person.userId)).rejects.toMatchObject(REFUSED)
    const renewed = await tokenFor(service, owner.organizationId, person.email)
    expect(renewed).not.toBe(token)
    await accept(service, renewed, person.userId)
    expect((await resend(id)).status).toBe(409)
  })

  test('inviting an address again: taken while pending; the same row with a new role and token after', async () => {
    const { id, person, token } = await anInvitation()
    const again = await invite(owner, person.email)
    expect(again.status).toBe(409)
    expect(again.body.errors[0]).toMatchObject({ code: 'RECORD_NOT_UNIQUE', meta: { error: 'taken' } })
    await expire(id)
    const anew = await invite(owner, person.email, owner.roles['Read-only'])
    expect([anew.status, anew.body.data.id]).toEqual([201, id])
    expect(anew.body.data.attributes).toMatchObject({ status: 'pending', invitation_status: 'pending' })
    expect((await owner.get(`/memberships/${id}/role`)).body.data.id).toBe(owner.roles['Read-only'])
    await expect(accept(service, token, person.userId)).rejects.toMatchObject(REFUSED)
    await accept(service, await tokenFor(service, owner.organizationId, person.email), person.userId)
    expect((await invite(owner, person.email)).status).toBe(409)
  })
})

describe('pending → revoked', () => {
  test('the row stays, the token is dead, resend is refused, inviting anew uses the row', async () => {
    const { id, person, token } = await anInvitation()
    const revoked = await revoke(id)
    expect(revoked.body.data.attributes).toMatchObject({ status: 'pending', invitation_status: 'revoked' })
    expect((await revoke(id)).status).toBe(200)
    expect((await resend(id)).status).toBe(409)
    await runJob(service, expireInvitations, { now: later(9 * DAY) })
    expect(await shown(id)).toMatchObject({ invitation_status: 'revoked' })
    const anew = await invite(owner, person.email)
    expect(anew.body.data.id).toBe(id)
    await expect(accept(service, token, person.userId)).rejects.toMatchObject(REFUSED)
  })

  test('inviting anew keeps nothing of the earlier one: neither its names nor what it opened', async () => {
    const inside = { organization: ['organizations', owner.organizationId] as [string, string] }
    const link = (name: string): Record<string, [string, string]> => ({
      ...inside,
      role: ['roles', owner.roles[name] ?? ''],
    })
    const names = { reference: 'theirs', reference_origin: 'crm', metadata: { note: 'private' } }
    const email = address()
    const body = resource('memberships', { user_email: email, access_scope: 'all_access', ...names }, link('Admin'))
    const { id } = (await owner.post('/memberships', body)).body.data
    const app = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
    const opening = resource(
      'application_memberships',
      {},
      { ...link('Admin'), api_credential: ['api_credentials', app.id], membership: ['memberships', id] },
    )
    expect((await owner.post('/application_memberships', opening)).status).toBe(201)
    expect((await revoke(id)).status).toBe(200)
    const anew = (await invite(owner, email)).body.data
    const blank = { reference: null, reference_origin: null, metadata: {}, access_scope: 'live_access' }
    expect([anew.id, anew.attributes]).toEqual([id, expect.objectContaining(blank)])
    expect((await owner.get(`/memberships/${id}/application_memberships`)).body.data).toEqual([])
    const kept = resource('memberships', { user_email: email, reference: 'ours' }, link('Member'))
    await revoke(id)
    expect((await owner.post('/memberships', kept)).body.data.attributes.reference).toBe('ours')
  })

  test('an accepted one cannot be revoked; deleting a pending one ends it', async () => {
    const first = await anInvitation()
    await accept(service, first.token, first.person.userId)
    expect((await revoke(first.id)).status).toBe(409)
    const second = await anInvitation()
    expect((await owner.delete(`/memberships/${second.id}`)).status).toBe(204)
    await expect(accept(service, second.token, second.person.userId)).rejects.toMatchObject(REFUSED)
  })

  test('J9 who does not hold the role can neither revoke nor send again an invitation to it', async () => {
    const role = await owner.post('/roles', {
      data: {
        type: 'roles',
        attributes: { name: 'Host' },
        relationships: { organization: { data: { type: 'organizations', id: owner.organizationId } } },
      },
    })
    const roleId: string = role.body.data.id
    const listed = await owner.get(`/roles/${roleId}/permissions?filter[q][subject_eq]=memberships`)
    const permission: string = listed.body.data[0].id
    await owner.patch(`/permissions/${permission}`, change('permissions', permission, { can_update: true }))
    const host = await aMember(service, owner, roleId)
    const admin = await invite(owner, address(), owner.roles.Admin)
    const id: string = admin.body.data.id
    expect((await host.post(`/memberships/${id}/resend`)).status).toBe(403)
    const body = change('memberships', id, { _revoke_invitation: true })
    expect((await host.patch(`/memberships/${id}`, body)).status).toBe(403)
    const member = await invite(owner, address(), roleId)
    expect((await host.post(`/memberships/${member.body.data.id}/resend`)).status).toBe(202)
  })
})

test('each organization says how long its invitations live, from an hour to thirty days', async () => {
  const other = await anOwner(service)
  expect(other.organization.attributes.invitation_expires_in).toBe(604_800)
  const set = (seconds: unknown) =>
    other.patch(
      `/organizations/${other.organizationId}`,
      change('organizations', other.organizationId, { invitation_expires_in: seconds }),
    )
  for (const bad of [3599, 2_592_001, 0, -1, 7200.5, '7200', null])
    expect([bad, (await set(bad)).status]).toEqual([bad, 422])
  expect((await set(3600)).status).toBe(200)
  const invited = await invite(other, address())
  const until = Date.parse(invited.body.data.attributes.invitation_expires_at)
  expect(Math.abs(until - later(3_600_000).getTime())).toBeLessThan(30_000)
})

test('AUTO_ACTIVATE_KNOWN_USERS seats a known address at once, on the row of an earlier invitation too', async () => {
  const at = await startService({ env: { AUTO_ACTIVATE_KNOWN_USERS: 'true' }, db: service.db })
  const host = await anOwner(at)
  const email = address()
  const { id } = (await invite(host, email)).body.data
  await expire(id)
  const person = await aPerson(at)
  await service.db.knex('users').where({ id: person.userId }).update({ email })
  const seated = await invite(host, email)
  expect([seated.status, seated.body.data.id]).toEqual([201, id])
  expect(seated.body.data.attributes).toMatchObject({ status: 'active', invitation_status: 'accepted' })
  expect(await messagesOf(at, host.organizationId)).toHaveLength(1)
  await at.stop()
})

describe('50 at once on a real PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof realPostgres>>
  let database: Awaited<ReturnType<typeof createMigratedDatabase>>
  let db: Database
  let at: Service
  let host: Owner
  beforeAll(async () => {
    server = await realPostgres()
    database = await createMigratedDatabase(server.url())
    db = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 20, log: () => undefined })
    at = await startService({ db })
    host = patient(await anOwner(at))
  })
  afterAll(async () => {
    await at?.stop()
    await db?.close()
    await database?.drop()
    await server?.stop()
  })

  const fifty = <T>(work: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: 50 }, (_, index) => work(index)))
  const seat = async (id: string) => (await rowsOf(at, 'memberships', { id }))[0]

  test('J10 accepting one invitation has one winner', async () => {
    const { id, person, token } = await anInvitation(at, host)
    const results = await fifty(() =>
      accept(at, token, person.userId).then(
        () => 'won',
        (error) => error.kind,
      ),
    )
    expect(results.filter((one) => one === 'won')).toHaveLength(1)
    expect(results.filter((one) => one === 'not_found')).toHaveLength(49)
    expect(await seat(id)).toMatchObject({
      status: 'active',
      invitation_status: 'accepted',
      invitation_token_hash: null,
    })
    expect(await rowsOf(at, 'versions', { resource_id: id, event: 'update' })).toHaveLength(1)
  })

  test('accepting, sending again and revoking at once: one end, no 500, and nothing accepted after it was revoked', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { id, person, token } = await anInvitation(at, host)
      const results = await fifty(async (index) => {
        if (index % 3 === 0)
          return accept(at, token, person.userId).then(
            () => 'accepted',
            (error) => error.kind,
          )
        return (index % 3 === 1 ? await resend(id, host) : await revoke(id, host)).status
      })
      const allowed = new Set<unknown>(['accepted', 'not_found', 200, 202, 409])
      expect(results.filter((one) => !allowed.has(one))).toEqual([])
      const accepted = results.filter((one) => one === 'accepted').length
      const row = await seat(id)
      expect(accepted).toBeLessThanOrEqual(1)
      expect([row?.status, row?.invitation_status]).toEqual(
        accepted === 1 ? ['active', 'accepted'] : ['pending', 'revoked'],
      )
    }
  })

  test('inviting one address makes one row and one mail, also when its earlier invitation has expired', async () => {
    const email = address()
    for (const _ of [1, 2]) {
      const answers = await fifty(() => invite(host, email))
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 409)).toHaveLength(49)
      const rows = await rowsOf<{ id: string }>(at, 'memberships', { user_email: email })
      expect(rows).toHaveLength(1)
      await expire(String(rows[0]?.id), at)
    }
    const mails = (await messagesOf(at, host.organizationId)).filter((one) => one.email === email)
    expect(mails).toHaveLength(2)
  })
})
