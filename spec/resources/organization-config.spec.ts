import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { anOwner, call, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const put = (config: unknown) =>
  owner.patch(`/organizations/${owner.organizationId}`, change('organizations', owner.organizationId, { config }))

const GOOD = {
  mfe: {
    default: {
      language: 'it-IT',
      links: { cart: 'https://cart.example.com/:order_id?accessToken=:access_token' },
      checkout: {
        optional_billing_info: false,
        thankyou_page: 'https://example.com/thanks/:lang/:order_id',
        billing_countries: [{ value: 'ES', label: 'Espana' }],
        billing_states: { FR: [{ value: 'PA', label: 'Paris' }] },
        default_country: 'US',
      },
      urls: { privacy: 'https://example.com/privacy/:lang' },
    },
    'market:id:ZKcv13rT': { links: { cart: 'https://example.com/custom-cart/:order_id' } },
  },
  apps: { customers: { enable_reset_password: true }, returns: { return_reasons: ['too big'] } },
  api: { auth: { guest_orders: true }, stream: { scope: 'both' } },
}

describe('organizations.config', () => {
  test('its schema is public, of draft 2020-12, and any validator takes it', async () => {
    const { status, headers, body } = await call(service, '/api/public/schemas/organization_config')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/schema+json; charset=utf-8'])
    expect(body.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    const validate = new Ajv2020({ strict: false }).compile(body)
    expect([validate(GOOD), validate({ mfe: { language: 'it-IT' } })]).toEqual([true, false])
    expect((await call(service, '/api/public/schemas/organization_config', { method: 'POST' })).status).toBe(405)
    expect((await call(service, '/api/public/schemas/other')).status).toBe(401)
  })

  test('what fits is kept, and can be cleared', async () => {
    expect((await put(GOOD)).body.data.attributes.config).toEqual(GOOD)
    expect((await put(null)).body.data.attributes.config).toBeNull()
    expect((await put({})).status).toBe(200)
  })

  test.each([
    [{ colour: 1 }, '/colour'],
    [{ mfe: { language: 'it-IT' } }, '/mfe/language'],
    [{ mfe: { default: { links: { cart: 'javascript:alert(1)' } } } }, '/mfe/default/links/cart'],
    [
      { mfe: { default: { checkout: { billing_countries: [{ value: 'ES' }] } } } },
      '/mfe/default/checkout/billing_countries/0/label',
    ],
    [{ mfe: { default: { checkout: { 'a/b': 1 } } } }, '/mfe/default/checkout/a~1b'],
    [{ api: { stream: { scope: 'all' } } }, '/api/stream/scope'],
    [{ apps: { returns: { return_reasons: 'none' } } }, '/apps/returns/return_reasons'],
  ])('%j is refused at its place', async (config, pointer) => {
    const { status, body } = await put(config)
    const [first] = body.errors
    expect([status, first.code, first.source.pointer]).toEqual([
      422,
      'VALIDATION_ERROR',
      `/data/attributes/config${pointer}`,
    ])
    expect(first.detail).toMatch(/^config\./)
  })

  test('when an organization is founded, too', async () => {
    const reply = await owner.post('/organizations', resource('organizations', { name: 'x', config: { a: 1, b: 2 } }))
    expect([reply.status, reply.body.errors.length]).toEqual([422, 2])
  })
})
