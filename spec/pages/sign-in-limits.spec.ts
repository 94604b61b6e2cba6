import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { inLine } from '../../src/crypto/passwords.js'
import { call } from '../support/api.js'
import { aBrowser, type Page } from '../support/browser.js'
import { aSignedUp, newAddress, PASSWORD, signIn } from '../support/entrance.js'
import { aShopper } from '../support/grants.js'
import { lettersTo } from '../support/mailbox.js'
import { type Service, startService } from '../support/service.js'

const WIDE = '100000/60'

jest.setTimeout(60_000)

let service: Service
beforeAll(async () => {
  service = await startService({
    env: {
      RATE_LIMITS: 'on',
      // The specs stand for many networks, so what they say of theirs is believed.
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMIT_READ: WIDE,
      RATE_LIMIT_READ_BURST: WIDE,
      RATE_LIMIT_WRITE: WIDE,
      RATE_LIMIT_WRITE_BURST: WIDE,
      RATE_LIMIT_SIGN_IN_ACCOUNT: '10/900',
      RATE_LIMIT_SIGN_IN_ADDRESS: '30/900',
      RATE_LIMIT_SIGN_IN_STRANGER: '25/3600',
      RATE_LIMIT_SIGN_UP: '5/3600',
      RATE_LIMIT_MAIL: '4/3600',
      RATE_LIMIT_PASSWORD_RESET: '3/3600',
    },
  })
})
afterAll(() => service.stop())

let network = 0
/** A network that nobody has come from yet. */
const newNetwork = (): string => {
  network += 1
  return `198.51.${Math.floor(network / 250)}.${(network % 250) + 1}`
}
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
const enter = (address: string, person: { email: string; password?: string }): Promise<Page> =>
  signIn(aBrowser(service), person, from(address))
/** Many wrong passwords, so many at once. */
async function guess(times: number, options: { at: () => string; email: () => string; atOnce?: number }) {
  const statuses: number[] = []
  for (let done = 0; done < times; done += options.atOnce ?? 20) {
    const some = Array.from({ length: options.atOnce ?? 20 }, async () => {
      const { status } = await enter(options.at(), { email: options.email(), password: 'a wrong one' })
      statuses.push(status)
    })
    await Promise.all(some)
  }
  return {
    checked: statuses.filter((one) => one === 422).length,
    refused: statuses.filter((one) => one === 429).length,
  }
}

test('S7 while the line for passwords is full, sign-ins and shoppers get 429 with Retry-After, and no try is counted', async () => {
  const [person, shopper] = [await aSignedUp(service), await aShopper(service)]
  const at = newNetwork()
  let end = (): void => undefined
  const held = new Promise<void>((resolve) => {
    end = resolve
  })
  const line = Promise.allSettled(Array.from({ length: 2000 }, () => inLine(() => held)))
  const asked = () =>
    call(service, '/oauth/token', { method: 'POST', body: new URLSearchParams(shopper.form), ...from(at) })
  for (let turn = 0; turn < 12; turn += 1) {
    expect((await enter(at, { ...person, password: 'a wrong one' })).status).toBe(429)
    const { status, headers } = await asked()
    expect([status, headers.get('retry-after')]).toEqual([429, '1'])
  }
  end()
  await line
  expect([(await enter(at, person)).status, (await asked()).status]).toEqual([303, 200])
})

describe('S5 wrong passwords', () => {
  test('for the present password that a new one asks for: each counts, and apart from those of the sign-in page', async () => {
    const person = await aSignedUp(service)
    const at = newNetwork()
    const browser = aBrowser(service)
    await signIn(browser, person, from(at))
    const page = await browser.get('/account/password', from(at).headers)
    const form = page.forms.findIndex(({ action }) => action.endsWith('/password'))
    const password = 'another walk by the sea'
    const attempts: number[] = []
    for (let turn = 0; turn < 12; turn += 1) {
      const fields = { current_password: 'a wrong one', password }
      attempts.push((await browser.submit(page, fields, { form, ...from(at) })).status)
    }
    expect(attempts).toEqual([...Array(10).fill(422), 429, 429])
    expect((await enter(at, person)).status).toBe(303)
  })

  test('for one account from one network: each counts, however many come at once; all others can sign in', async () => {
    const [victim, other] = [await aSignedUp(service), await aSignedUp(service)]
    const [here, there] = [newNetwork(), newNetwork()]
    // S5_TRIES=1000 is the attack as it is written: a hundred at once.
    const times = Number(process.env.S5_TRIES ?? 60)
    const atOnce = Math.min(100, times / 3)
    expect(await guess(times, { at: () => here, email: () => victim.email, atOnce })).toEqual({
      checked: 10,
      refused: times - 10,
    })
    const locked = await enter(here, victim)
    expect(locked.status).toBe(429)
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await enter(there, victim)).status).toBe(303)
    expect((await enter(here, other)).status).toBe(303)
  })

  test('for many accounts from one network: that network waits, nobody else does', async () => {
    const person = await aSignedUp(service)
    const [here, there] = [newNetwork(), newNetwork()]
    const { checked, refused } = await guess(60, { at: () => here, email: newAddress })
    expect([checked, refused]).toEqual([30, 30])
    expect((await enter(here, person)).status).toBe(429)
    expect((await enter(there, person)).status).toBe(303)
  })

  test('for one account from many networks: strangers wait, but not who has signed in from theirs before', async () => {
    const person = await aSignedUp(service)
    const home = newNetwork()
    expect((await enter(home, person)).status).toBe(303)
    expect(await guess(40, { at: newNetwork, email: () => person.email })).toEqual({ checked: 25, refused: 15 })
    expect((await enter(newNetwork(), person)).status).toBe(429)
    expect((await enter(home, person)).status).toBe(303)
    // An address without an account is limited alike: the limit tells nothing.
    const nobody = newAddress()
    expect(await guess(40, { at: newNetwork, email: () => nobody })).toEqual({ checked: 25, refused: 15 })
  })

  test('S6 a network that has tried enough makes up no more accounts to be counted', async () => {
    const [here, email] = [newNetwork(), newAddress()]
    await guess(40, { at: () => here, email: newAddress })
    const said = []
    for (let times = 0; times < 12; times += 1) {
      const { status, headers } = await enter(here, { email, password: 'a wrong one' })
      said.push([status, headers.get('x-ratelimit-limit')])
    }
    // Of the network always, and never of the account.
    expect(new Set(said.map(String))).toEqual(new Set(['429,30']))
  })

  test('right ones are not counted: a whole office signs in', async () => {
    const [person, office] = [await aSignedUp(service), newNetwork()]
    for (let times = 0; times < 35; times += 1) expect((await enter(office, person)).status).toBe(303)
  })
})

describe('S6 the same bucket', () => {
  const spellings: [string, (email: string) => string][] = [
    ['upper case', (email) => email.toUpperCase()],
    ['spaces', (email) => `  ${email} `],
  ]
  test.each(spellings)('for an address in %s', async (_, spelt) => {
    const [person, here] = [await aSignedUp(service), newNetwork()]
    expect(await guess(10, { at: () => here, email: () => spelt(person.email), atOnce: 5 })).toMatchObject({
      checked: 10,
    })
    expect((await enter(here, person)).status).toBe(429)
  })

  const networks: [string, () => string][] = [
    [
      'one IPv6 network',
      () => `2001:db8:1:2:${Math.floor(Math.random() * 65535).toString(16)}::${newNetwork().slice(-1)}`,
    ],
    ['one address behind a chain that it made up', () => `${newNetwork()}, 203.0.113.77`],
    ['an IPv4 address in IPv6', () => (Math.random() < 0.5 ? '::ffff:203.0.113.78' : '203.0.113.78')],
  ]
  test.each(networks)('for %s', async (_, at) => {
    const person = await aSignedUp(service)
    expect(await guess(20, { at, email: () => person.email, atOnce: 5 })).toEqual({ checked: 10, refused: 10 })
  })

  test('a second address in the form, another spelling of the path, or of the field: refused before anything is tried', async () => {
    const [person, here, browser] = [await aSignedUp(service), newNetwork(), aBrowser(service)]
    const csrf = (await browser.get('/login')).forms[0]?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
    const base: [string, string][] = [
      ['csrf', csrf],
      ['password', PASSWORD],
    ]
    const post = (fields: [string, string][], path = '/login') =>
      browser.post(path, [...base, ...fields], from(here).headers)
    expect(
      (
        await post([
          ['email', person.email],
          ['email', newAddress()],
        ])
      ).status,
    ).toBe(400)
    expect((await post([['email[]', person.email]])).status).toBe(400)
    for (const path of ['//login', '/login/', '/Login', '/login;x', '/%6cogin']) {
      expect((await post([['email', person.email]], path)).status).toBe(404)
    }
    expect((await post([['Email', person.email]])).status).toBe(422)
  })
})

describe('mails that somebody asks for', () => {
  const ask = async (path: string, email: string, at: string) => {
    const browser = aBrowser(service)
    return (await browser.submit(await browser.get(path), { email }, from(at))).status
  }
  test.each(['known', 'unknown'])('a mailbox that is %s gets a few, whoever asks', async (which) => {
    const email = which === 'known' ? (await aSignedUp(service)).email : newAddress()
    const signUps = []
    for (let times = 0; times < 6; times += 1) signUps.push(await ask('/sign_up', email, newNetwork()))
    expect(signUps).toEqual([200, 200, 200, 200, 429, 429])
    const resets = []
    for (let times = 0; times < 5; times += 1) resets.push(await ask('/forgotten_password', email, newNetwork()))
    expect(resets).toEqual([200, 200, 200, 429, 429])
    expect(await lettersTo(service, email)).toHaveLength(which === 'known' ? 7 : 4)
  })

  test('a mailbox that people want to change to gets a few, whoever they are', async () => {
    const wanted = newAddress()
    const move = async (): Promise<number> => {
      const browser = aBrowser(service)
      await signIn(browser, await aSignedUp(service), from(newNetwork()))
      const profile = await browser.get('/account/profile')
      return (await browser.submit(profile, { email: wanted }, { form: 'email', ...from(newNetwork()) })).status
    }
    const statuses = []
    for (let times = 0; times < 5; times += 1) statuses.push(await move())
    expect(statuses).toEqual([303, 303, 303, 303, 429])
    expect(await lettersTo(service, wanted)).toHaveLength(4)
  })

  test('a network asks for a few, whatever for', async () => {
    const here = newNetwork()
    const statuses = []
    for (let times = 0; times < 7; times += 1) statuses.push(await ask('/sign_up', newAddress(), here))
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
  })

  test('a network that asks for new passwords for one mailbox after the other waits as if it had guessed', async () => {
    const here = newNetwork()
    const statuses = []
    for (let times = 0; times < 31; times += 1) statuses.push(await ask('/forgotten_password', newAddress(), here))
    expect(statuses).toEqual([...Array<number>(30).fill(200), 429])
    expect((await enter(here, await aSignedUp(service))).status).toBe(429)
  })
})
