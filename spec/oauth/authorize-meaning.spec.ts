import { describe, expect, test } from '@jest/globals'
import { evaluate } from '../../src/access/abilities.js'
import type { Grant } from '../../src/access/grants.js'
import { covers, joinScopes, meaningOf } from '../../src/oauth/authorize/meaning.js'
import { wordsOf } from '../../src/oauth/authorize/words.js'

describe('what was agreed to and what is asked', () => {
  test.each([
    ['market:all', 'market:all', true],
    ['market:all', 'provisioning-api', true],
    ['market:all', 'roles:read', true],
    ['market:all', 'market:code:usa', true],
    ['market:all', 'openid', false],
    ['openid', 'market:all', false],
    ['openid profile', 'openid', true],
    ['roles:read', 'roles:read', true],
    ['roles:read', 'roles:update', false],
    ['roles:manage', 'roles:update roles:read', true],
    ['roles:update', 'roles:manage', false],
    ['*:read', 'roles:read memberships:read', true],
    ['*:read', 'roles:update', false],
    ['roles:read', '*:read', false],
    ['roles:read', 'provisioning-api', false],
    // One item less, and all rights instead of one.
    ['market:all roles:read', 'market:all', false],
    ['provisioning-api roles:read', 'provisioning-api', false],
    ['market:code:usa', 'market:code:fra', false],
    ['market:code:usa', 'market:all', false],
    ['store:all', 'store:code:one', true],
    ['provisioning-api', 'market:all', false],
    ['provisioning-api', 'metrics-api', false],
    ['metrics-api', 'provisioning-api', false],
    ['metrics-api market:all', 'market:all', false],
  ])('who may do %p may do %p: %p', (held, asked, expected) => {
    expect(covers(meaningOf(held), meaningOf(asked))).toBe(expected)
  })

  const SCOPES = [
    'market:all',
    'provisioning-api',
    'metrics-api',
    'metrics-api market:all',
    'roles:read',
    'roles:manage market:all',
    '*:read openid',
    'openid profile',
    'market:code:usa',
  ]
  const pairs = SCOPES.flatMap((one) => SCOPES.map((other) => [one, other] as const))

  test.each(pairs)('%p and %p together are both, and no right more', (one, other) => {
    const both = meaningOf(joinScopes(one, other))
    expect([covers(both, meaningOf(one)), covers(both, meaningOf(other))]).toEqual([true, true])
    const whole = [one, other].some((scope) => meaningOf(scope).rights === 'all')
    expect(both.rights === 'all').toBe(whole)
  })
})

describe('the evaluator agrees with what consent says', () => {
  const grant: Grant = { organizationId: 'o', owner: false, kind: 'admin', permissions: {} }
  const may = (scope: string, action: 'read' | 'update', subject: string) =>
    evaluate(
      { kind: 'webapp', applicationId: 'a', organizationId: 'o', userId: 'u', scope: scope.split(' '), test: false },
      [grant],
    ).may(action, subject, 'o')

  test.each([
    'openid',
    'openid profile email',
    'metrics-api',
    'metrics-api market:all',
    'market:all',
    'provisioning-api openid',
    'roles:read openid',
    'market:all roles:read',
    '*:read profile',
    'roles:manage',
    'market:code:usa email',
  ])('scope %p', (scope) => {
    const { rights } = meaningOf(scope)
    const said = (right: string) =>
      covers(meaningOf(scope), { rights: [right], targets: [], metrics: false, identity: [] })
    expect(may(scope, 'update', 'memberships')).toBe(rights === 'all')
    for (const action of ['read', 'update'] as const)
      expect([action, may(scope, action, 'roles')]).toEqual([action, said(`roles:${action}`)])
  })

  test('a token to know who somebody is lends none of their rights', () => {
    expect(may('openid profile email', 'read', 'memberships')).toBe(false)
  })
})

describe('in words', () => {
  test.each([
    ['provisioning-api', ['Do everything that you may do in Acme.']],
    ['market:all', ['Do everything that you may do in Acme.', 'Use the shop in all markets.']],
    ['roles:read', ['See roles in Acme, as far as you may.']],
    ['api_credentials:manage', ['See, create, change and delete API credentials in Acme, as far as you may.']],
    ['*:read', ['See everything that you may see in Acme.']],
    ['metrics-api', ['Read the metrics of Acme.']],
    [
      'roles:destroy market:id:abc store:code:one',
      ['Delete roles in Acme, as far as you may.', 'Use the shop in the market abc.', 'Use the shop in the store one.'],
    ],
    [
      'stock_location:all roles:create',
      ['Create roles in Acme, as far as you may.', 'Use the shop in all stock locations.'],
    ],
    ['openid profile email', ['Know who you are.', 'See your name and your time zone.', 'See your e-mail address.']],
  ])('%s', (scope, words) => {
    expect(wordsOf(scope, 'Acme')).toEqual(words)
  })
})
