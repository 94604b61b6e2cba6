import { describe, expect, test } from '@jest/globals'
import { describeApi } from '../src/pages/openapi.js'
import { compileResources } from '../src/resources/index.js'

// The provisioning schema of the official clients is a subset of ours: a table of it, written by hand from CONTRACT 3,
// compared with the description that the service generates of itself.

/** What may be done to a field: C create, U update, R read; `*` required by a create, `?` may be null. */
type Flags = string

interface Published {
  /** L list, C create, R retrieve, U update, D delete; then actions with their method. */
  readonly operations: string
  readonly actions?: Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, Flags>>
  readonly triggers?: readonly string[]
  readonly relationships: Readonly<Record<string, Flags>>
}

const READ_SETTINGS = `api_auth_redirect api_new_auth api_rules_engine api_purge_single_resource addresses_avs_check
  addresses_phone_required orders_sales_channel_guest_only orders_number_editable_test orders_number_editable_live
  orders_number_as_reference orders_invalid_coupon_errors orders_invalid_gift_card_errors orders_validate_shipping_stock
  gift_cards_exact_code_matching imports_purge_cache imports_skip_errors discount_engines_enabled discount_engines_errors
  tax_calculators_errors external_promotions_errors external_prices_errors api_rules_engine_max_conditions_size
  api_rules_engine_max_rules_size api_max_regex_length orders_autorefresh_cutoff_test orders_autorefresh_cutoff_live
  bundles_max_items_count coupons_min_code_length coupons_max_code_length gift_cards_min_code_length
  gift_cards_max_code_length cleanups_max_concurrent_count exports_max_concurrent_count imports_max_concurrent_count
  promotions_max_concurrent_count inventory_models_max_stock_locations_cutoff promotions_max_conditions_size
  promotions_max_rules_size price_lists_max_conditions_size price_lists_max_rules_size imports_trigger_webhooks
  tags_max_name_length tags_max_allowed_number orders_min_rebuild_shipments_lapse orders_min_refresh_lapse`

const all = (names: string, flags: Flags): Record<string, Flags> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, flags]))

/** Attributes that every type has. */
const COMMON = { created_at: 'R', updated_at: 'R', reference: 'CUR?', reference_origin: 'CUR?', metadata: 'CUR?' }
const VERSIONS = { versions: 'R' }

const TABLE: Readonly<Record<string, Published>> = {
  organizations: {
    operations: 'LCRU',
    actions: { transfer_ownership: 'patch' },
    attributes: {
      ...COMMON,
      name: 'C*UR',
      ...all('slug domain can_switch_live subscription_info', 'R'),
      ...all(
        'support_phone support_email logo_url favicon_url primary_color contrast_color gtm_id gtm_id_test',
        'CUR?',
      ),
      region: 'CR?',
      config: 'CUR?',
      ...all(READ_SETTINGS, 'R'),
    },
    relationships: { memberships: 'R', roles: 'R', permissions: 'R', api_credentials: 'R' },
  },
  memberships: {
    operations: 'LCRUD',
    actions: { resend: 'post' },
    attributes: {
      ...COMMON,
      user_email: 'C*R',
      ...all('user_first_name user_last_name status owner test_enabled', 'R'),
      access_scope: 'CUR?',
    },
    relationships: {
      organization: 'C*R',
      role: 'C*UR',
      application_memberships: 'CUR',
      membership_profile: 'CUR',
      ...VERSIONS,
    },
  },
  membership_profiles: {
    operations: 'LCRUD',
    attributes: { ...COMMON, name: 'C*UR', access_scope: 'C*UR', test_enabled: 'R' },
    relationships: { organization: 'C*R', application_memberships: 'CUR' },
  },
  application_memberships: {
    operations: 'LCRUD',
    attributes: { ...COMMON, filters: 'CUR?' },
    relationships: {
      api_credential: 'C*R',
      organization: 'C*R',
      role: 'C*UR',
      membership: 'CR',
      membership_profile: 'CUR',
    },
  },
  roles: {
    operations: 'LCRU',
    attributes: { ...COMMON, name: 'C*UR', kind: 'R' },
    triggers: ['_add_missing_base_permissions'],
    relationships: { organization: 'C*R', permissions: 'R', memberships: 'R', api_credentials: 'R', ...VERSIONS },
  },
  permissions: {
    operations: 'LCRU',
    attributes: {
      ...COMMON,
      ...all('can_create can_read can_update can_destroy', 'C*UR'),
      subject: 'C*R',
      restrictions: 'R',
    },
    relationships: { role: 'C*R', organization: 'R', ...VERSIONS },
  },
  api_credentials: {
    operations: 'LCRUD',
    attributes: {
      ...COMMON,
      name: 'C*UR',
      kind: 'C*R',
      confidential: 'R',
      redirect_uri: 'CUR?',
      ...all('client_id client_secret scopes', 'R'),
      expires_in: 'CUR?',
      mode: 'CR?',
      custom: 'CR?',
    },
    relationships: { organization: 'C*R', role: 'CUR' },
  },
  identity_providers: {
    operations: 'LCRUD',
    attributes: {
      ...COMMON,
      ...all('name client_id client_secret issuer token_url authorize_url jwks_url domains', 'C*UR'),
      organization: 'CUR?',
      ...all('status txt_record disabled_at', 'R'),
    },
    triggers: ['_disable', '_enable'],
    relationships: { user: 'R' },
  },
  user: {
    operations: 'RU',
    attributes: {
      ...COMMON,
      reference: 'UR?',
      reference_origin: 'UR?',
      metadata: 'UR?',
      ...all('email first_name last_name', 'UR'),
      time_zone: 'UR?',
      otp_required_for_login: 'R',
    },
    relationships: {},
  },
  versions: {
    operations: 'LR',
    attributes: {
      ...all('created_at updated_at reference reference_origin metadata', 'R'),
      ...all('resource_type resource_id event changes who', 'R'),
    },
    relationships: {},
  },
}

/** Where we do less than is published, on purpose, and why. */
const NARROWER: Readonly<Record<string, string>> = {
  'identity_providers.client_secret R': 'a secret is shown once at most; this one comes from the caller, who has it',
}

/** Where we do more with a published field, on purpose. What has no name in the table at all is ours alone. */
const WIDER: Readonly<Record<string, string>> = {
  'api_credentials.confidential C': 'a webapp that runs in the browser only says so when it is made',
  'api_credentials.scopes C': 'what its tokens may carry is the decision of the organization',
  'api_credentials.scopes U': 'the same',
  'organizations.slug U': 'an admin may rename; what was ever a slug is never given to another organization',
}

/** Operations that are not published, on purpose. Source: DECISIONS 6. */
const ADDED_OPERATIONS = ['organizations D', 'permissions D', 'roles D']

interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
}

const registry = compileResources({ domain: 'gatehouse.test' })
const description = describeApi(registry, { apiUrl: 'https://a.test/api', issuer: 'https://i.test' }) as {
  paths: Record<string, Record<string, unknown>>
  components: { schemas: Record<string, Schema> }
}
const { schemas } = description.components

/** `application_memberships` → `ApplicationMembership`; the singleton has a name of its own. */
function schemaOf(type: string, what: '' | 'Create' | 'Update'): Schema | undefined {
  const words = (type === 'user' ? 'user_self' : type.replace(/s$/, '')).split('_')
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  const schema = schemas[`${name}${what}`]
  return what === '' ? schema : schema?.properties?.data
}

const part = (type: string, what: '' | 'Create' | 'Update', where: 'attributes' | 'relationships'): Schema =>
  schemaOf(type, what)?.properties?.[where] ?? {}

const isNullable = (schema: Schema | undefined): boolean => [schema?.type].flat().includes('null')

/** The flags that the description gives a field. */
function flagsOf(type: string, where: 'attributes' | 'relationships', name: string): Set<string> {
  const [read, create, update] = (['', 'Create', 'Update'] as const).map((what) => part(type, what, where))
  const flags = new Set<string>()
  if (create?.properties?.[name]) flags.add('C')
  if (update?.properties?.[name]) flags.add('U')
  if (read?.properties?.[name]) flags.add('R')
  if (create?.required?.includes(name)) flags.add('*')
  const written = create?.properties?.[name] ?? update?.properties?.[name] ?? read?.properties?.[name]
  if (where === 'attributes' && isNullable(written)) flags.add('?')
  return flags
}

function operationsOf(type: string): string[] {
  const list = description.paths[`/${type}`] ?? {}
  const one = type === 'user' ? list : (description.paths[`/${type}/{id}`] ?? {})
  return [
    ...(type !== 'user' && list.get ? ['L'] : []),
    ...(list.post ? ['C'] : []),
    ...(one.get ? ['R'] : []),
    ...(one.patch ? ['U'] : []),
    ...(one.delete ? ['D'] : []),
  ]
}

const fields = Object.entries(TABLE).flatMap(([type, { attributes, relationships }]) =>
  (['attributes', 'relationships'] as const).flatMap((where) =>
    Object.entries(where === 'attributes' ? attributes : relationships).map(([name, flags]) => ({
      name: `${type}.${name}`,
      published: new Set(flags),
      ours: flagsOf(type, where, name),
    })),
  ),
)
// Whether a field is required is compared on its own: there, less is more.
const without = (flags: ReadonlySet<string>): string[] => [...flags].filter((flag) => flag !== '*' && flag !== '?')

describe('the published provisioning schema is a subset of ours', () => {
  test('every field may be written and read as published, but for those that are named', () => {
    const missing = fields.flatMap(({ name, published, ours }) =>
      without(published)
        .filter((flag) => !ours.has(flag))
        .map((flag) => `${name} ${flag}`),
    )
    expect(missing.sort()).toEqual(Object.keys(NARROWER).sort())
    expect(fields.length).toBeGreaterThan(140)
  })

  test('no create needs more than is published, nor less', () => {
    const differing = fields.filter(({ published, ours }) => published.has('*') !== ours.has('*'))
    expect(differing.map(({ name }) => name)).toEqual([])
    const types = Object.keys(TABLE).filter((type) => schemaOf(type, 'Create') !== undefined)
    const required = types.flatMap((type) =>
      (['attributes', 'relationships'] as const).flatMap((where) =>
        (part(type, 'Create', where).required ?? []).map((name) => `${type}.${name}`),
      ),
    )
    expect(required.filter((name) => !fields.some((field) => field.name === name))).toEqual([])
    expect(required.length).toBeGreaterThan(25)
  })

  test('what may be null there, may be null here', () => {
    const strict = fields.filter(({ published, ours }) => published.has('?') && !ours.has('?'))
    expect(strict.map(({ name }) => name)).toEqual([])
  })

  test('what more may be done with a published field is named', () => {
    const more = fields.flatMap(({ name, published, ours }) =>
      without(ours)
        .filter((flag) => !published.has(flag))
        .map((flag) => `${name} ${flag}`),
    )
    expect(more.sort()).toEqual(Object.keys(WIDER).sort())
  })

  test('every operation is there; those that are ours are named', () => {
    const lacking: string[] = []
    const added: string[] = []
    for (const [type, { operations }] of Object.entries(TABLE)) {
      const ours = operationsOf(type)
      lacking.push(...[...operations].filter((one) => !ours.includes(one)).map((one) => `${type} ${one}`))
      added.push(...ours.filter((one) => !operations.includes(one)).map((one) => `${type} ${one}`))
    }
    expect(lacking).toEqual([])
    expect(added.sort()).toEqual(ADDED_OPERATIONS)
  })

  test('every action and trigger is there', () => {
    for (const [type, { actions = {}, triggers = [] }] of Object.entries(TABLE)) {
      for (const [name, method] of Object.entries(actions)) {
        expect([name, Object.keys(description.paths[`/${type}/{id}/${name}`] ?? {})]).toEqual([
          name,
          expect.arrayContaining([method]),
        ])
      }
      const writable = Object.keys(part(type, 'Update', 'attributes').properties ?? {})
      expect(writable).toEqual(expect.arrayContaining([...triggers]))
    }
    const made = Object.keys(part('identity_providers', 'Create', 'attributes').properties ?? {})
    expect(made).toEqual(expect.arrayContaining(['_disable', '_enable']))
  })

  test('every relationship has its related endpoint and may be included', () => {
    const absent = Object.entries(TABLE).flatMap(([type, { relationships }]) =>
      Object.keys(relationships)
        .filter((name) => description.paths[`/${type}/{id}/${name}`]?.get === undefined)
        .map((name) => `${type} ${name}`),
    )
    expect(absent).toEqual([])
    const unknown = Object.entries(TABLE).flatMap(([type, { relationships }]) =>
      Object.keys(relationships).filter((name) => !registry.get(type).relationships.has(name)),
    )
    expect(unknown).toEqual([])
  })

  test('the table can fail: a field that is not there is found missing', () => {
    expect([...flagsOf('roles', 'attributes', 'colour')]).toEqual([])
    expect([...flagsOf('roles', 'attributes', 'name')].sort()).toEqual(['*', 'C', 'R', 'U'])
  })
})
