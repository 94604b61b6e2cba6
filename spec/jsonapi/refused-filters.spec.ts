import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anOwner, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const encoded = (name: string, value: string): string => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
const filter = (name: string, value: string): string => encoded(`filter[q][${name}]`, value)

/** Status, code and the parameter that is blamed. */
async function refusal(query: string, type = 'roles') {
  const { status, body } = await owner.get(`/${type}?${query}`)
  const [error] = body?.errors ?? []
  return [status, error?.code, error?.source?.parameter]
}

describe('JA-20 filters that mean nothing are refused by name', () => {
  test('J12 twenty filters are fine, one more is not', async () => {
    const names = ['name', 'reference', 'reference_origin'].flatMap((attribute) =>
      ['eq', 'not_eq', 'start', 'in', 'gt', 'present', 'null'].map((predicate) => `${attribute}_${predicate}`),
    )
    const asked = (count: number) =>
      owner.get(
        `/roles?${names
          .slice(0, count)
          .map((name) => filter(name, 'true'))
          .join('&')}`,
      )
    expect((await asked(20)).status).toBe(200)
    const { status, body } = await asked(21)
    expect([status, body.errors[0].detail]).toEqual([400, 'At most 20 filters may be set.'])
  })

  test.each([
    ['an unknown attribute', 'shoe_size_eq'],
    ['an unknown predicate', 'name_is'],
    ['an attribute alone', 'name'],
    ['a predicate alone', 'eq'],
    ['nothing', ''],
    ['a relationship alone', 'organization_eq'],
    ['an unknown attribute behind a relationship', 'organization_shoe_size_eq'],
    ['a to-many relationship', 'permissions_subject_eq'],
    ['an unknown name in an or', 'name_or_shoe_size_eq'],
    ['a predicate for another kind', 'metadata_cont'],
    ['a predicate for another kind', 'created_at_start'],
    ['a predicate for another kind', 'name_true'],
    ['a predicate for another kind', 'name_jcont'],
    ['an upper-case name', 'Name_eq'],
    ['the prototype', '__proto___eq'],
    ['the constructor', 'constructor_eq'],
  ])('%s: %s', async (_what, name) => {
    expect(await refusal(filter(name, 'x'))).toEqual([400, 'FILTER_NOT_ALLOWED', `filter[q][${name}]`])
  })

  test.each([
    ['J3 a secret', 'api_credentials', 'client_secret_start'],
    ['J3 a hash', 'api_credentials', 'secret_hash_eq'],
    ['J3 a hidden column', 'memberships', 'user_id_eq'],
    ['J3 an invitation token', 'memberships', 'invitation_token_hash_start'],
    ['J3 another table by its columns', 'memberships', 'user_password_hash_start'],
    ['J3 the account of a credential', 'api_credentials', 'created_by_cont'],
    ['J3 the changes of a version', 'versions', 'changes_jcont'],
  ])('%s on %s: %s', async (_what, type, name) => {
    expect(await refusal(filter(name, 'a'), type)).toEqual([400, 'FILTER_NOT_ALLOWED', `filter[q][${name}]`])
  })

  test.each([
    ['created_at_gt', 'yesterday'],
    ['created_at_gt', '2020-13-01'],
    ['created_at_gt', '0000-01-01'],
    ['created_at_gt', '99999-01-01'],
    ['created_at_gt', ''],
    ['metadata_jcont', '{'],
    ['metadata_jcont', '1'],
    ['metadata_jcont', '"text"'],
    ['metadata_jcont', '{"a":"\\u0000"}'],
    ['name_null', 'maybe'],
    ['name_present', ''],
    ['name_in', Array.from({ length: 101 }, () => 'x').join(',')],
    ['name_eq', 'x'.repeat(1001)],
    ['name_matches', '%a%b%c%d%e%'],
    ['name_matches', 'half an escape\\'],
    ['name_does_not_match_any', 'whole,%\\\\\\'],
    ['metadata_jcont', '{"a":1e400}'],
    ['metadata_jcont', '{"a":"\\ud800"}'],
    ['metadata_jcont', '[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]'],
  ])('a value that does not suit: %s', async (name, value) => {
    expect(await refusal(filter(name, value))).toEqual([400, 'INVALID_FILTER_VALUE', `filter[q][${name}]`])
  })

  test.each(['99999999999', '1.5', 'abc', '', '0x10', 'NaN', '1e3', ' 1'])(
    'a value that is no 32-bit number: %p',
    async (value) => {
      const query = filter('expires_in_eq', value)
      expect(await refusal(query, 'api_credentials')).toEqual([400, 'INVALID_FILTER_VALUE', 'filter[q][expires_in_eq]'])
    },
  )
})
