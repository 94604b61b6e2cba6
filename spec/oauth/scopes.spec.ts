import { describe, expect, test } from '@jest/globals'
import { AppError } from '../../src/errors.js'
import type { ClientKind } from '../../src/oauth/client-store.js'
import type { Client } from '../../src/oauth/clients.js'
import { grantScope } from '../../src/oauth/scopes.js'

const client = (kind: ClientKind, scopes = 'market:all'): Client => ({
  applicationId: 'a',
  clientId: 'c',
  kind,
  name: 'An application',
  confidential: true,
  redirectUris: [],
  requirePkce: true,
  requirePushedRequests: false,
  postLogoutRedirectUris: [],
  jwks: undefined,
  scopes,
  lifetimeSeconds: 7200,
  test: true,
  organization: undefined,
  userId: undefined,
  authenticated: true,
  secretId: undefined,
})

const grant = (scope: string | undefined, kind: ClientKind, scopes?: string): string => {
  try {
    return grantScope(scope, client(kind, scopes), new Set(['roles', 'memberships']))
  } catch (error) {
    return error instanceof AppError ? error.kind : `crashed: ${error}`
  }
}

describe('scopes', () => {
  test.each([
    [undefined, 'sales_channel', 'market:all'],
    ['', 'integration', 'market:all'],
    ['', 'user', 'provisioning-api'],
    [undefined, 'user', 'provisioning-api'],
  ] as const)('%p of a %s is the default %s', (scope, kind, expected) => {
    expect(grant(scope, kind)).toBe(expected)
  })

  test('without a scope a credential that is registered for less than everything gets what it is registered for', () => {
    expect(grant('', 'sales_channel', 'market:id:abcdefghij')).toBe('market:id:abcdefghij')
  })

  test.each([
    ['market:all', 'sales_channel'],
    ['market:id:abcdefghij', 'sales_channel'],
    ['market:code:usa', 'sales_channel'],
    ['market:123', 'sales_channel'],
    ['market:code:usa store:code:new-york_1', 'sales_channel'],
    ['market:code:usa,store:code:b', 'sales_channel'],
    ['market:code:usa  market:code:eu', 'sales_channel'],
    ['stock_location:code:w1 market:code:usa', 'sales_channel'],
    ['market:all', 'integration'],
    ['market:all', 'user'],
    ['provisioning-api', 'user'],
    ['provisioning-api metrics-api', 'user'],
    ['provisioning-api', 'integration'],
    ['metrics-api', 'integration'],
    ['roles:read memberships:manage', 'integration'],
    ['*:read', 'user'],
    ['roles:destroy', 'webapp'],
  ] as const)('6749-14 %p of a %s is granted and echoed to the letter', (scope, kind) => {
    expect(grant(scope, kind)).toBe(scope)
  })

  test.each([
    ['provisioning-api', 'sales_channel'],
    ['metrics-api', 'sales_channel'],
    ['roles:read', 'sales_channel'],
    ['*:read', 'sales_channel'],
    ['Market:all', 'sales_channel'],
    ['market:ALL', 'sales_channel'],
    ['market:', 'sales_channel'],
    ['market', 'sales_channel'],
    ['market:read', 'integration'],
    ['market:id:', 'sales_channel'],
    ['market:id:a:b', 'sales_channel'],
    ['stock_location:code:w1', 'sales_channel'],
    ['stock_location:all', 'sales_channel'],
    ['market:id:abcdefghij', 'user'],
    ['store:all', 'user'],
    ['rolez:read', 'integration'],
    ['roles:eat', 'integration'],
    ['roles:*', 'integration'],
    ['*:update', 'integration'],
    ['openid', 'user'],
    ['openid profile email', 'integration'],
    ['provisioning-api nonsense', 'user'],
    ['a"b', 'user'],
    ['market:code:caf\u00e9', 'sales_channel'],
    ['market:all\nmarket:all', 'sales_channel'],
    [' ', 'user'],
    [',', 'user'],
    ['*:read '.repeat(200), 'user'],
    ['__proto__:read', 'integration'],
  ] as const)('6749-13 %p of a %s is refused', (scope, kind) => {
    expect(grant(scope, kind)).toBe('invalid_scope')
  })

  test.each([
    ['market:code:usa', 'market:all', true],
    ['market:code:usa', 'market:code:usa', true],
    ['market:code:usa', 'market:code:eu market:code:usa', true],
    ['market:code:usa', 'market:code:eu', false],
    ['market:all', 'market:code:usa', false],
    ['store:code:x', 'market:all', true],
    ['store:code:x', 'store:all', true],
    ['store:code:x', 'market:code:usa', false],
    ['market:code:usa stock_location:code:w', 'market:code:usa', false],
    ['market:code:usa stock_location:code:w', 'market:code:usa stock_location:all', true],
  ] as const)('%p of a credential registered for %p: %p', (scope, registered, granted) => {
    expect(grant(scope, 'sales_channel', registered)).toBe(granted ? scope : 'invalid_scope')
  })

  test.each([
    ['roles:read', 'roles:read', true],
    ['roles:read', 'roles:manage', true],
    ['roles:read', '*:read', true],
    ['roles:read memberships:read', '*:read', true],
    ['market:all roles:read', 'market:all roles:read', true],
    ['roles:read', 'provisioning-api', true],
    ['market:all', 'market:all provisioning-api', true],
    ['roles:read', 'provisioning-api roles:read', true],
    ['metrics-api', 'metrics-api', true],
    ['provisioning-api', 'roles:read', false],
    ['roles:update', 'roles:read', false],
    ['roles:manage', 'roles:read', false],
    ['roles:update', '*:read', false],
    ['*:read', 'roles:read', false],
    ['roles:read memberships:manage', 'roles:read', false],
    // Without an item that narrows, a token has all the rights of its role.
    ['market:all', 'market:all roles:read', false],
    ['provisioning-api', 'provisioning-api roles:read', false],
    ['provisioning-api', 'metrics-api', false],
    ['roles:read', 'metrics-api', false],
    ['market:all', 'market:all metrics-api', false],
    ['metrics-api', 'provisioning-api', false],
    // What nobody can register any more, but may stand in old rows.
    ['*:read', 'market:all *:manage', false],
    ['roles:read', 'market:all *:update', false],
    ['market:all', 'market:all *:update', false],
  ] as const)('%p of an integration registered for %p: %p', (scope, registered, granted) => {
    expect(grant(scope, 'integration', registered)).toBe(granted ? scope : 'invalid_scope')
  })

  test.each([
    ['integration', 'market:all roles:read', 'market:all roles:read'],
    ['integration', 'roles:read', 'roles:read'],
    ['integration', 'market:all provisioning-api', 'market:all provisioning-api'],
    ['integration', 'market:all *:update', 'invalid_scope'],
    ['integration', 'market:all rolez:read', 'invalid_scope'],
    ['sales_channel', 'provisioning-api roles:manage', 'invalid_scope'],
    ['sales_channel', 'market:id:abcdefghij roles:manage', 'market:id:abcdefghij'],
    ['sales_channel', 'market:all roles:manage', 'market:all'],
  ] as const)('without a scope an old %s registered for %p gets %p', (kind, registered, expected) => {
    expect(grant('', kind, registered)).toBe(expected)
  })
})
