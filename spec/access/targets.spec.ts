import { describe, expect, test } from '@jest/globals'
import { evaluate } from '../../src/access/abilities.js'
import type { Grant } from '../../src/access/grants.js'
import type { Principal } from '../../src/access/principal.js'
import { filterClauses, targetClauses } from '../../src/access/targets.js'
import { isSpecific, namedIn } from '../../src/tokens/scope-targets.js'

const ORGANIZATION = 'OrgOrgOrgO'
const ENABLED = [{ column: 'disabled_at', values: [null] }]
const named = (ids: string[], codes: string[]) => [
  { column: 'id', values: ids },
  { column: 'code', values: codes },
]
const principal = (kind: Principal['kind'], scope: string): Principal => ({
  kind,
  applicationId: 'AppAppAppA',
  organizationId: ORGANIZATION,
  ...(kind === 'webapp' ? { userId: 'UserUserUs' } : {}),
  scope: scope.split(' '),
  test: true,
})

describe('what scope items name', () => {
  test.each([
    ['market:all', 'market', [true, [], []]],
    ['market:id:abc market:code:usa market:id:abc', 'market', [false, ['abc'], ['usa']]],
    ['market:58', 'market', [false, [], ['58']]],
    ['store:code:ny', 'market', [false, [], []]],
    ['store:code:a:b', 'store', [false, [], ['a:b']]],
    ['markets:read provisioning-api', 'market', [false, [], []]],
  ] as const)('%s of %s', (scope, kind, [all, ids, codes]) => {
    const found = namedIn(scope.split(' '), kind)
    expect(found).toEqual({ all, ids, codes })
    expect(isSpecific(found)).toBe(ids.length + codes.length > 0)
  })
})

describe('what a sales channel may see', () => {
  test.each([
    ['market:all', 'markets', [ENABLED]],
    ['market:id:abc', 'markets', [ENABLED, named(['abc'], [])]],
    ['market:all store:code:ny', 'stores', [ENABLED, named([], ['ny'])]],
    ['market:all', 'stores', undefined],
    ['market:all', 'merchants', undefined],
    ['market:all', 'roles', undefined],
  ])('%s of %s', (scope, subject, clauses) => {
    expect(targetClauses(scope.split(' '), subject)).toEqual(clauses)
    const grant: Grant = { organizationId: ORGANIZATION, owner: false, kind: 'none', permissions: {} }
    const abilities = evaluate(principal('sales_channel', scope), [grant])
    expect(abilities.may('read', subject, ORGANIZATION)).toBe(clauses !== undefined)
    for (const action of ['create', 'update', 'destroy', 'own'] as const) {
      expect(abilities.rows(action, subject).organizations).toEqual([])
    }
    const rule = abilities.rows('read', subject)
    expect([rule.clauses, rule.publicOnly]).toEqual(clauses === undefined ? [undefined, undefined] : [clauses, true])
  })
})

describe('what an application membership leaves of a seat', () => {
  const admin: Grant = { organizationId: ORGANIZATION, owner: true, kind: 'admin', permissions: {} }
  const custom = { kind: 'custom', permissions: { stores: ['read', 'update'] } } as const
  const readOnly = { kind: 'read_only', permissions: {} } as const
  const may = (grant: Grant, scope = 'provisioning-api') => {
    const abilities = evaluate(principal('webapp', scope), [grant])
    const words = ['create stores', 'read stores', 'update stores', 'read roles', 'own organizations'] as const
    return words.filter((word) => {
      const [action = '', subject = ''] = word.split(' ')
      return abilities.may(action as 'read', subject, ORGANIZATION)
    })
  }

  test.each([
    ['nothing said', admin, ['create stores', 'read stores', 'update stores', 'read roles', 'own organizations']],
    [
      'an admin role',
      { ...admin, within: { kind: 'admin', permissions: {} } },
      ['create stores', 'read stores', 'update stores', 'read roles'],
    ],
    ['a read-only role', { ...admin, within: readOnly }, ['read stores', 'read roles']],
    ['a custom role', { ...admin, within: custom }, ['read stores', 'update stores']],
    [
      'a role above the seat',
      { ...admin, ...custom, owner: false, within: { kind: 'admin', permissions: {} } },
      ['read stores', 'update stores'],
    ],
    ['two that share little', { ...admin, ...custom, owner: false, within: readOnly }, ['read stores']],
  ] as [string, Grant, string[]][])('%s', (_name, grant, expected) => {
    expect(may(grant)).toEqual(expected)
    expect(may(grant, 'stores:read')).toEqual(expected.filter((one) => one === 'read stores'))
  })

  test('filters narrow rows, and whoever sees a part holds no role that gives the whole', () => {
    const filters = { market_id_in: ['abc'], merchant_id_in: ['xyz'] }
    const grant: Grant = { ...admin, within: { kind: 'admin', permissions: {} }, filters }
    const abilities = evaluate(principal('webapp', 'provisioning-api'), [grant])
    expect(abilities.rows('update', 'stores').clauses).toEqual([
      [{ column: 'market_id', values: ['abc'] }],
      [{ column: 'merchant_id', values: ['xyz'] }],
    ])
    expect(abilities.rows('read', 'merchants').clauses).toEqual([[{ column: 'id', values: ['xyz'] }]])
    expect(abilities.rows('read', 'stock_locations').clauses).toBeUndefined()
    expect(abilities.holds(ORGANIZATION, { kind: 'admin', permissions: {} })).toBe(false)
    expect(abilities.holds(ORGANIZATION, readOnly)).toBe(false)
    expect(abilities.holds(ORGANIZATION, custom)).toBe(false)
    expect(abilities.holds(ORGANIZATION, { kind: 'custom', permissions: { roles: ['read'] } })).toBe(true)
    expect(filterClauses({}, 'stores')).toEqual([])
  })
})
