import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { costOf, hashPassword } from '../../../src/crypto/passwords.js'
import { asAuth } from '../../../src/db/roles.js'
import { anApplication, anOwner, api, change } from '../../support/api.js'
import { aShopper, ask, aWebapp, counts, outcome, refreshing, tokensOf } from '../../support/grants.js'
import { type Service, startService } from '../../support/service.js'

let service: Service
let shop: Awaited<ReturnType<typeof aShopper>>
beforeAll(async () => {
  service = await startService()
  shop = await aShopper(service)
})
afterAll(() => service.stop())

const token = (change: Record<string, string> = {}) => ask(service, 'token', { ...shop.form, ...change })

const KEYS = [
  'access_token',
  'token_type',
  'expires_in',
  'scope',
  'created_at',
  'refresh_token',
  'owner_id',
  'owner_type',
]

describe('a shopper signs in to a sales channel', () => {
  test('6749-20 with exactly the keys of the contract, and claims that tell the shopper', async () => {
    const { status, body } = await token()
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual(KEYS)
    expect(body).toMatchObject({ scope: 'market:all', owner_id: shop.customerId, owner_type: 'customer' })
    expect(decodeJwt(body.access_token)).toMatchObject({
      organization: { id: shop.owner.organizationId },
      application: { kind: 'sales_channel', public: true, confidential: false },
      owner: { id: shop.customerId, type: 'Customer' },
      sub: shop.customerId,
      amr: ['pwd'],
    })
  })

  test('the address in any case, the secret if the channel wants to', async () => {
    expect(outcome(await token({ username: ` ${shop.email.toUpperCase()} ` }))).toBe('200')
    const { body } = await token({ client_secret: shop.channel.clientSecret })
    expect(decodeJwt(body.access_token)).toMatchObject({ application: { confidential: true } })
  })

  test('the token sees no more of provisioning than a guest does', async () => {
    const { access_token } = await tokensOf(service, shop.form)
    const caller = api(service, access_token)
    expect((await caller.get('/application')).status).toBe(200)
    for (const path of ['/customers', '/memberships', '/user']) expect((await caller.get(path)).status).not.toBe(200)
  })

  test('6749-25 the channel refreshes without a secret', async () => {
    const { refresh_token } = await tokensOf(service, shop.form)
    const next = await ask(service, 'token', refreshing({ clientId: shop.channel.clientId }, refresh_token))
    expect(outcome(next)).toBe('200')
    expect(Object.keys(next.body)).toEqual(KEYS)
    expect(next.body.owner_id).toBe(shop.customerId)
  })
})

describe('who may not', () => {
  test('9700-02 every other kind of client', async () => {
    const { owner } = shop
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const webapp = await aWebapp(service, owner)
    for (const { clientId, clientSecret } of [machine, webapp, owner]) {
      const answer = await token({ client_id: clientId, client_secret: clientSecret })
      expect(outcome(answer)).toBe('400 unauthorized_client')
    }
    expect(outcome(await token({ client_id: 'gatehouse-dashboard' }))).toBe('400 unauthorized_client')
  })

  test('users, and shoppers of another organization, are nobody here', async () => {
    const other = await aShopper(service)
    const credentials = { username: other.email, password: other.password }
    expect(outcome(await token(credentials))).toBe('400 invalid_grant')
    expect(outcome(await token({ username: shop.owner.email }))).toBe('400 invalid_grant')
    expect(outcome(await token({ username: '' }))).toBe('400 invalid_request')
    expect(outcome(await token({ password: '' }))).toBe('400 invalid_request')
  })
})

/** The middle of some numbers. */
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

describe('S3 unknown, wrong, disabled, without a password', () => {
  test('one text for all, and the same work', async () => {
    const [disabled, prospect] = [await aShopper(service, shop.owner), await aShopper(service, shop.owner)]
    const patch = (id: string, attributes: object) =>
      shop.owner.patch(`/customers/${id}`, change('customers', id, attributes as Record<string, unknown>))
    expect((await patch(disabled.customerId, { _disable: true })).status).toBe(200)
    expect((await patch(prospect.customerId, { password: null })).status).toBe(200)
    const cases = {
      unknown: { username: 'nobody@example.com' },
      wrong: { password: 'wrong password' },
      disabled: { username: disabled.email, password: disabled.password },
      prospect: { username: prospect.email, password: prospect.password },
    }
    const bodies = new Set<string>()
    for (const change of Object.values(cases)) {
      const { status, body } = await token(change)
      bodies.add(JSON.stringify([status, body]))
    }
    expect(bodies.size).toBe(1)
    expect([...bodies][0]).toContain('invalid_grant')
  })

  test('the time tells nothing: a real cost of the hash, in turn', async () => {
    const slow = await startService({ db: service.db, env: { BCRYPT_COST: '9' } })
    const one = await aShopper(slow)
    const times = { unknown: [] as number[], wrong: [] as number[] }
    for (let round = 0; round < 7; round += 1) {
      for (const [name, change] of [
        ['unknown', { username: 'nobody@example.com' }],
        ['wrong', { password: 'wrong password' }],
      ] as const) {
        const begin = performance.now()
        await ask(slow, 'token', { ...one.form, ...change })
        times[name].push(performance.now() - begin)
      }
    }
    await slow.stop()
    const [unknown, wrong] = [median(times.unknown), median(times.wrong)]
    // Without the comparison for nobody, the unknown one would take a fraction.
    expect(unknown).toBeGreaterThan(wrong * 0.3)
    expect(wrong).toBeGreaterThan(unknown * 0.3)
  })
})

test('S3 who has a hash of another cost gets a new one with a right password; nobody is signed out by it', async () => {
  const { form, customerId, owner } = await aShopper(service, shop.owner)
  const customers = () => service.db.knex('customers').where({ id: customerId })
  const kept = () => customers().first('password_hash', 'updated_at')
  const before = await tokensOf(service, form)
  const password_hash = await hashPassword(form.password, 5)
  // As the authorization server, from which another hash is the same password.
  await asAuth(service.db.knex, (trx) => trx('customers').where({ id: customerId }).update({ password_hash }))
  const old = await kept()
  expect(outcome(await token({ ...form, password: 'wrong password' }))).toBe('400 invalid_grant')
  expect(await kept()).toEqual(old)
  // Several at once: each of them is in.
  const replies = await Promise.all(Array.from({ length: 5 }, () => token(form)))
  expect(replies.map(outcome)).toEqual(replies.map(() => '200'))
  const renewed = await kept()
  expect([costOf(renewed.password_hash), renewed.updated_at]).toEqual([4, old.updated_at])
  await service.parts.revocations.refresh()
  expect(await counts(service, before.access_token)).toBe(true)
  const client = { clientId: String(form.client_id) }
  expect(outcome(await ask(service, 'token', refreshing(client, before.refresh_token)))).toBe('200')
  // Another password of the same shopper ends what the old one got, as ever; so does taking it away.
  const set = async (password: string | null): Promise<void> => {
    const answer = await owner.patch(`/customers/${customerId}`, change('customers', customerId, { password }))
    expect(answer.status).toBe(200)
    await service.parts.revocations.refresh()
  }
  await set('another good one')
  expect(await counts(service, before.access_token)).toBe(false)
  expect(await service.db.knex('refresh_families').where({ customer_id: customerId, ended_at: null })).toEqual([])
  await token({ ...form, password: 'another good one' })
  await set(null)
  expect(await service.db.knex('refresh_families').where({ customer_id: customerId, ended_at: null })).toEqual([])
})

describe('S1 passwords of any form', () => {
  test('a megabyte is answered at once, seventy-two equal bytes are not equal', async () => {
    const begin = performance.now()
    const huge = await token({ password: 'x'.repeat(1_000_000) })
    expect(huge.status).toBe(413)
    expect(performance.now() - begin).toBeLessThan(2_000)
    const long = 'x'.repeat(72)
    const { form, customerId } = await aShopper(service, shop.owner)
    await shop.owner.patch(`/customers/${customerId}`, change('customers', customerId, { password: `${long}right` }))
    expect(outcome(await token({ ...form, password: `${long}wrong` }))).toBe('400 invalid_grant')
    expect(outcome(await token({ ...form, password: `${long}right` }))).toBe('200')
    expect(outcome(await token({ ...form, password: `${long}right\0` }))).toBe('400 invalid_request')
  })
})

describe('S5 guessing', () => {
  test('tries at once are counted each; others still get in, and who is right is not counted', async () => {
    const env = { RATE_LIMITS: 'on', RATE_LIMIT_SIGN_IN_ACCOUNT: '5/900', RATE_LIMIT_TOKEN: '1000/60' }
    const strict = await startService({ db: service.db, env: { ...env, RATE_LIMIT_WRITE_BURST: '1000/10' } })
    const guess = (form: Record<string, string>) => ask(strict, 'token', form)
    for (let turn = 0; turn < 8; turn += 1) expect(outcome(await guess(shop.form))).toBe('200')
    const wrong = { ...shop.form, password: 'wrong password' }
    const replies = await Promise.all(Array.from({ length: 20 }, () => guess(wrong)))
    const kinds = replies.map(outcome)
    expect(kinds.filter((one) => one === '400 invalid_grant')).toHaveLength(5)
    expect(kinds.filter((one) => one.startsWith('429'))).toHaveLength(15)
    expect(Number(replies.find(({ status }) => status === 429)?.headers.get('retry-after'))).toBeGreaterThan(0)
    // S6: the same account, however it is written, and however much stands around it.
    const upper = shop.email.toUpperCase()
    const around = [' ', '\t\u00a0\u2003\ufeff', ' '.repeat(400), ' '.repeat(320 - 5)]
    for (const blanks of around)
      for (const username of [`${blanks}${upper}`, `${shop.email}${blanks}`, `${blanks}${shop.email}${blanks}`])
        expect([username, (await guess({ ...shop.form, username })).status]).toEqual([username, 429])
    const other = await aShopper(service, shop.owner)
    expect(outcome(await guess(other.form))).toBe('200')
    await strict.stop()
  })

  test('S5 who guesses in one network locks nobody out of another; over all networks there is one more limit', async () => {
    const env = {
      RATE_LIMITS: 'on',
      TRUSTED_PROXIES: 'loopback',
      RATE_LIMIT_SIGN_IN_ACCOUNT: '3/900',
      RATE_LIMIT_SIGN_IN_STRANGER: '5/900',
    }
    const strict = await startService({ db: service.db, env })
    const { form } = await aShopper(service, shop.owner)
    const enter = async (network: string, password = form.password): Promise<number> => {
      const body = new URLSearchParams({ ...form, password })
      const headers = { 'x-forwarded-for': network }
      return (await fetch(`${strict.url}/oauth/token`, { method: 'POST', body, headers })).status
    }
    const guess = (network: string): Promise<number> => enter(network, 'wrong password')
    const at = ['198.18.0.1', '198.18.0.1', '198.18.0.1', '198.18.0.1']
    expect(await Promise.all(at.map(guess))).toEqual(expect.arrayContaining([400, 400, 400, 429]))
    expect(await enter('198.18.0.1')).toBe(429)
    for (let times = 0; times < 6; times += 1) expect(await enter('198.18.0.2')).toBe(200)
    for (const network of ['198.18.0.3', '198.18.0.4']) expect(await guess(network)).toBe(400)
    expect(await guess('198.18.0.5')).toBe(429)
    await strict.stop()
  })

  test('S6 an address that has tried enough makes up no more accounts to be counted', async () => {
    const env = { RATE_LIMITS: 'on', RATE_LIMIT_SIGN_IN_ACCOUNT: '2/900', RATE_LIMIT_SIGN_IN_ADDRESS: '3/900' }
    const strict = await startService({ db: service.db, env })
    const guess = (username: string) => ask(strict, 'token', { ...shop.form, username, password: 'wrong password' })
    // Shoppers behind one address who are right use none of it up.
    for (let times = 0; times < 5; times += 1) expect((await ask(strict, 'token', shop.form)).status).toBe(200)
    for (const name of ['a@b.test', 'c@d.test', 'e@f.test']) expect((await guess(name)).status).toBe(400)
    for (let times = 0; times < 4; times += 1) {
      expect((await guess('new@b.test')).headers.get('x-ratelimit-limit')).toBe('3')
    }
    await strict.stop()
  })
})

test('T9 a token of a shopper ends with the shop’s sales channel', async () => {
  const own = await anOwner(service)
  const { form, channel } = await aShopper(service, own)
  const { access_token } = await tokensOf(service, form)
  expect((await own.delete(`/api_credentials/${channel.id}`)).status).toBe(204)
  expect(await counts(service, access_token)).toBe(false)
})

test('T9 a password that is changed between its check and the tokens gets none, and leaves no family', async () => {
  const { form, customerId } = await aShopper(service, shop.owner)
  const { keys } = service.parts
  const signingKey = keys.signingKey
  const customer = service.db.knex('customers').where({ id: customerId })
  let changed: Promise<number> | undefined
  const spy = jest.spyOn(keys, 'signingKey').mockImplementationOnce((now) => {
    // Begins before the transaction that writes the family.
    changed = customer.update({ password_hash: 'another' }).then(Number)
    return signingKey(now)
  })
  const answer = await token(form)
  spy.mockRestore()
  expect(await changed).toBe(1)
  expect(outcome(answer)).toBe('400 invalid_grant')
  expect(answer.body.error_description).toBe(
    (await token({ ...form, password: 'wrong password' })).body.error_description,
  )
  expect(await service.db.knex('refresh_families').where({ customer_id: customerId })).toEqual([])
})
