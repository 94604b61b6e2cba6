import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anApplication, anOwner, call, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
let role: string
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  const made = await owner.post(
    '/roles',
    resource('roles', { name: 'Warehouse' }, { organization: ['organizations', owner.organizationId] }),
  )
  role = made.body.data.id
})
afterAll(() => service.stop())

const flags = { can_create: false, can_read: true, can_update: true, can_destroy: false }
const grant = (subject: unknown) =>
  owner.post('/permissions', resource('permissions', { subject, ...flags }, { role: ['roles', role] }))

test('CONTRACT 7.7 types of the APIs behind us are named, also those that we do not know, and tokeninfo tells them', async () => {
  const machine = await anApplication(service, owner, 'integration', { roleId: role })
  // One of our list, one of the contract's that our list leaves out, one of somebody's own extension.
  const subjects = ['orders', 'line_item_options', 'packing_robots2']
  for (const subject of subjects) expect((await grant(subject)).body.data.attributes.subject).toBe(subject)
  const headers = { authorization: `Bearer ${machine.token}` }
  const { permissions } = (await call(service, '/oauth/tokeninfo', { headers })).body
  for (const subject of subjects) expect(permissions[subject]).toEqual({ actions: ['read', 'update'] })
  expect((await machine.get('/customers')).status).toBe(403)
})

test.each(['Orders', 'order lines', 'orders-open', '1orders', 'o', 'o'.repeat(65), '*', 'orders:read', 'größen'])(
  'a name that is none is refused, with the field and the rule: %p',
  async (subject) => {
    const { status, body } = await grant(subject)
    const title =
      'is invalid (a resource type in the plural, like orders: a-z, then a-z, 0-9 and _, 2 to 64 characters)'
    expect([status, body.errors]).toEqual([
      422,
      [
        {
          code: 'VALIDATION_ERROR',
          title,
          detail: `subject - ${title}`,
          source: { pointer: '/data/attributes/subject' },
          meta: { error: 'invalid' },
          status: '422',
        },
      ],
    ])
  },
)
