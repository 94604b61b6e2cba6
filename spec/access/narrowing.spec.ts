import { expect, test } from '@jest/globals'
import { evaluate } from '../../src/access/abilities.js'
import type { Grant } from '../../src/access/grants.js'
import type { Principal } from '../../src/access/principal.js'

const admin: Grant = { organizationId: 'ABCDEFGHIJ', owner: false, kind: 'admin', permissions: {} }
const can = (scope: string): string[] => {
  const principal = { kind: 'integration', applicationId: 'KLMNOPQRST', scope: scope.split(' '), test: true } as const
  const abilities = evaluate({ ...principal, organizationId: admin.organizationId }, [admin])
  return ['roles', 'memberships'].flatMap((subject) =>
    (['read', 'update'] as const)
      .filter((action) => abilities.may(action, subject, admin.organizationId))
      .map((action) => `${subject}:${action}`),
  )
}

const ALL = ['roles:read', 'roles:update', 'memberships:read', 'memberships:update']

test.each([
  ['market:all', ALL],
  ['provisioning-api', ALL],
  ['metrics-api', []],
  ['roles:read', ['roles:read']],
  ['roles:manage', ['roles:read', 'roles:update']],
  ['*:read', ['roles:read', 'memberships:read']],
  ['*:update', []],
  ['*:manage', []],
  ['provisioning-api *:manage', []],
  ['*:update roles:update', ['roles:update']],
  ['nothings:read', []],
] as const)('an item that narrows never widens, also where it means nothing: %s', (scope, expected) => {
  expect(can(scope)).toEqual(expected)
})

test('who acts in one organization founds no other', () => {
  const person = { kind: 'user', userId: 'UVWXYZABCD', applicationId: 'KLMNOPQRST', scope: [], test: false } as const
  const inOne = { ...person, organizationId: admin.organizationId }
  const founds = [
    person,
    { ...person, kind: 'dashboard' },
    { ...inOne, kind: 'webapp' },
    { ...inOne, kind: 'dashboard' },
  ]
  expect(founds.map((principal) => evaluate(principal as Principal, [admin]).mayFound())).toEqual([
    true,
    true,
    false,
    false,
  ])
})
