type Json = Readonly<Record<string, unknown>>

const closed = (properties: Json, more: Json = {}): Json => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
})
const text: Json = { type: 'string' }
const flag: Json = { type: 'boolean' }
/** May hold placeholders, e.g. `:order_id`. */
const link: Json = { type: 'string', pattern: '^https?://' }
const hides: Json = closed({ hide_promo_code: flag, hide_item_codes: flag })

const frontEnd: Json = closed({
  language: { type: 'string', pattern: '^[a-z]{2}(-[A-Za-z]{2,4})?$' },
  links: closed({ cart: link, checkout: link, identity: link, microstore: link, my_account: link }),
  checkout: closed({
    optional_billing_info: flag,
    hide_promo_code: flag,
    optional_company_name: flag,
    show_notes: flag,
    hide_item_codes: flag,
    thankyou_page: link,
    billing_countries: { $ref: '#/$defs/choices' },
    shipping_countries: { $ref: '#/$defs/choices' },
    default_country: text,
    billing_states: { $ref: '#/$defs/states' },
    shipping_states: { $ref: '#/$defs/states' },
  }),
  urls: closed({ privacy: link, terms: link }),
  cart: hides,
  microstore: hides,
  my_account: hides,
})

/** What `organizations.config` may hold: the settings of hosted applications, by default and by market. Objects are
 *  closed. Served as it stands, without authentication. Source: CONTRACT 3.1 */
export const organizationConfigSchema: Json = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Organization config',
  version: '1.0.2',
  ...closed({
    mfe: {
      type: 'object',
      properties: { default: { $ref: '#/$defs/front_end' } },
      patternProperties: { '^market:id:[A-Za-z0-9]{1,64}$': { $ref: '#/$defs/front_end' } },
      additionalProperties: false,
    },
    apps: closed({
      customers: closed({ enable_reset_password: flag }),
      orders: closed({ external_price: flag }),
      returns: closed({ return_reasons: { type: 'array', items: text } }),
    }),
    api: closed({
      auth: closed({ guest_orders: flag }),
      stream: closed({ scope: { enum: ['none', 'live', 'test', 'both'] } }),
      anomalies: closed({ orders: { type: ['boolean', 'object'] } }),
    }),
    'well-known': { type: 'object', additionalProperties: { type: ['string', 'object'] } },
  }),
  $defs: {
    front_end: frontEnd,
    choice: closed({ value: text, label: text }, { required: ['value', 'label'] }),
    choices: { type: 'array', items: { $ref: '#/$defs/choice' } },
    states: { type: 'object', additionalProperties: { $ref: '#/$defs/choices' } },
  },
}
