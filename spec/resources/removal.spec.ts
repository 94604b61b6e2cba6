import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  aMember,
  anApplication,
  anOwner,
  aPerson,
  type Body,
  change,
  type Owner,
  resource,
  tokenFor,
} from '../support/api.js'
import { accept, tokenFor as invitationFor, invite } from '../support/invitations.js'
import { rowsOf } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

/** An admin who has made two applications and sent three invitations, of which one was accepted. */
async function aBusyAdmin() {
  const admin = await aMember(service, owner, owner.roles.Admin as string)
  const asAdmin = { ...owner, ...admin, organizationId: owner.organizationId, roles: owner.roles } as Owner
  const reader = { roleId: owner.roles['Read-only'] as string }
  const made = [
    await anApplication(service, asAdmin, 'integration', reader),
    await anApplication(service, asAdmin, 'sales_channel'),
  ]
  const people = [await aPerson(service), await aPerson(service), await aPerson(service)]
  const invited: string[] = []
  for (const { email } of people) invited.push((await invite(asAdmin, email)).body.data.id)
  const first = people[0] as Body
  await accept(service, await invitationFor(service, owner.organizationId, first.email), first.userId)
  return { admin, made, people, invited }
}
const invitationOf = async (id: string) =>
  (await owner.get(`/memberships/${id}`)).body.data.attributes.invitation_status

describe('T9 ending a seat ends what hangs on it, in one transaction', () => {
  test('its tokens, and the open invitations that its user sent; the applications that its user made are listed', async () => {
    const { admin, made, people, invited } = await aBusyAdmin()
    expect((await admin.get('/roles')).status).toBe(200)
    const pending = await invitationFor(service, owner.organizationId, (people[1] as Body).email)
    const removed = await owner.delete(`/memberships/${admin.membershipId}`)
    expect(removed.status).toBe(200)
    const listed = removed.body.meta.orphaned_credentials
    expect(listed).toEqual([
      { type: 'api_credentials', id: made[0]?.id, name: 'integration', kind: 'integration' },
      { type: 'api_credentials', id: made[1]?.id, name: 'sales_channel', kind: 'sales_channel' },
    ])
    expect((await admin.get('/roles')).status).toBe(403)
    expect((await admin.get(`/memberships/${admin.membershipId}`)).status).toBe(403)
    expect(await Promise.all(invited.map(invitationOf))).toEqual(['accepted', 'revoked', 'revoked'])
    await expect(accept(service, pending, (people[1] as Body).userId)).rejects.toMatchObject({ kind: 'not_found' })
    // What belongs to the organization stays.
    expect((await made[0]?.get('/roles'))?.status).toBe(200)
    const told = await owner.get(
      `/versions?filter[q][resource_id_in]=${invited[1]},${admin.membershipId}&sort=-created_at`,
    )
    const events = told.body.data.map(({ attributes }: Body) => [attributes.event, attributes.who.user.id])
    expect(events).toContainEqual(['destroy', owner.userId])
    expect(events).toContainEqual(['update', owner.userId])
  })

  test('leaving by oneself does the same', async () => {
    const { admin, invited, made } = await aBusyAdmin()
    const left = await admin.delete(`/memberships/${admin.membershipId}`)
    expect(left.status).toBe(200)
    expect(left.body.meta.orphaned_credentials.map(({ id }: Body) => id)).toEqual(made.map(({ id }) => id))
    expect(await Promise.all(invited.map(invitationOf))).toEqual(['accepted', 'revoked', 'revoked'])
  })

  test('who may not read applications is not told of them; without any there is nothing to tell', async () => {
    const role = await owner.post(
      '/roles',
      resource('roles', { name: 'Doorman' }, { organization: ['organizations', owner.organizationId] }),
    )
    const roleId: string = role.body.data.id
    const flags: Record<string, object> = { memberships: { can_destroy: true }, api_credentials: { can_read: false } }
    for (const [subject, attributes] of Object.entries(flags)) {
      const found = await owner.get(`/roles/${roleId}/permissions?filter[q][subject_eq]=${subject}`)
      const id: string = found.body.data[0].id
      expect((await owner.patch(`/permissions/${id}`, change('permissions', id, attributes as never))).status).toBe(200)
    }
    const doorman = await aMember(service, owner, roleId)
    const leaving = await aMember(service, owner, roleId)
    const mark = { created_by: JSON.stringify({ type: 'users', id: leaving.userId }) }
    const { id } = await anApplication(service, owner, 'sales_channel')
    await service.db.knex('api_credentials').where({ id }).update(mark)
    expect((await doorman.delete(`/memberships/${leaving.membershipId}`)).status).toBe(204)
    expect((await doorman.delete(`/memberships/${doorman.membershipId}`)).status).toBe(204)
  })
})

describe('an organization that is deleted', () => {
  async function aDeletedOne() {
    const founder = await anOwner(service)
    const admin = await aMember(service, founder, founder.roles.Admin as string)
    const machine = await anApplication(service, founder, 'integration', { roleId: founder.roles.Admin as string })
    const { slug } = founder.organization.attributes
    const path = `/organizations/${founder.organizationId}`
    expect((await founder.delete(`${path}?confirm=${slug}`)).status).toBe(204)
    return { founder, admin, machine, path, restore: `${path}/restore` }
  }

  test('nothing of it can be reached by anybody, whatever its type; its owner can bring it back, with all of it', async () => {
    const { founder, admin, machine, path, restore } = await aDeletedOne()
    const types = [...service.parts.registry.resources.values()].filter(({ definition }) => !definition.singleton)
    for (const { name, definition } of types) {
      if (definition.tenant === 'user') continue
      const key = definition.tenant === 'id' ? 'id' : 'organization_id'
      const rows = await rowsOf<{ id: string }>(service, definition.table, { [key]: founder.organizationId })
      for (const person of [founder, admin]) {
        for (const id of rows.slice(0, 3).map((row) => row.id)) {
          expect([name, [403, 404].includes((await person.get(`/${name}/${id}`)).status)]).toEqual([name, true])
          expect([name, [403, 404].includes((await person.get(`/${name}/${id}/versions`)).status)]).toEqual([
            name,
            true,
          ])
        }
        const list = await person.get(`/${name}`)
        expect([name, list.status === 403 || list.body.data.length === 0]).toEqual([name, true])
      }
    }
    expect((await founder.patch(path, change('organizations', founder.organizationId, { name: 'X' }))).status).toBe(403)
    expect((await machine.get('/roles')).status).toBe(401)
    expect((await machine.get('/organization')).status).toBe(401)

    expect((await founder.post(restore)).status).toBe(202)
    expect(
      (await founder.get(`${path}?include=memberships,roles,api_credentials`)).body.included.length,
    ).toBeGreaterThan(6)
    expect((await admin.get('/roles')).body.meta.record_count).toBe(3)
    const told = await founder.get(`/versions?filter[q][resource_id_eq]=${founder.organizationId}&sort=-created_at`)
    expect(told.body.data[0].attributes).toMatchObject({
      event: 'update',
      changes: { deleted_at: [expect.stringMatching(/^\d{4}-.*Z$/), null] },
      who: { user: { id: founder.userId } },
    })
    expect((await founder.post(restore)).status).toBe(404)
  })

  test('T9 tokens that died with it stay dead; new ones come', async () => {
    const { founder, machine, restore } = await aDeletedOne()
    await expect(tokenFor(service, machine)).rejects.toThrow('invalid_client')
    expect((await founder.post(restore)).status).toBe(202)
    expect((await machine.get('/roles')).status).toBe(401)
    // Tokens tell whole seconds: one of the second of the deletion is dead.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(await tokenFor(service, machine)).toMatch(/^ey/)
  })

  test('J5 only its owner brings it back; the answer is the same for what never was', async () => {
    const { founder, admin, restore } = await aDeletedOne()
    const never = await founder.post('/organizations/ZZZZZZZZZZ/restore')
    const text = ({ body, status }: { body: Body; status: number }) => JSON.stringify([status, body])
    expect(never.status).toBe(404)
    expect(text(await admin.post(restore))).toBe(text(never))
    expect(text(await (await anOwner(service)).post(restore))).toBe(text(never))
    expect(text(await owner.post(`/organizations/${owner.organizationId}/restore`))).toBe(text(never))
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    expect((await machine.post(restore)).status).toBe(403)
    const client = { clientId: founder.clientId, clientSecret: founder.clientSecret }
    const narrow = await tokenFor(service, { ...client, scope: '*:read' })
    const asReader = { ...founder, token: narrow }
    const answer = await fetch(`${service.url}/api${restore}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${asReader.token}` },
    })
    expect(answer.status).toBe(403)
    expect((await founder.post(restore)).status).toBe(202)
  })

  test('after thirty days it cannot be brought back', async () => {
    const { founder, restore } = await aDeletedOne()
    const long = new Date(Date.now() - 31 * 24 * 3600 * 1000)
    await service.db.knex('organizations').where({ id: founder.organizationId }).update({ deleted_at: long })
    expect((await founder.post(restore)).status).toBe(404)
  })
})
