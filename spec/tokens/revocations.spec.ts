import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Database } from '../../src/db/connect.js'
import { asAuth } from '../../src/db/roles.js'
import { createRevocations, EVERYTHING, type Revocations } from '../../src/tokens/revocations.js'
import { asRole } from '../support/credentials.js'
import { specDatabase } from '../support/database.js'

const log = { info: () => undefined, error: () => undefined }
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
const inAnHour = (): Date => new Date(Date.now() + 3_600_000)

let db: Database
let here: Revocations
let there: Revocations

beforeAll(async () => {
  db = await specDatabase()
  here = createRevocations(db, { log })
  there = createRevocations(db, { log })
  await Promise.all([here.start(), there.start()])
})

afterAll(async () => {
  await Promise.all([here.stop(), there.stop()])
  await db.close()
})

const revoke = (topic: string, now = new Date(), expiresAt = inAnHour()) =>
  asAuth(db.knex, (trx) => here.revoke(trx, { topic, now, expiresAt }))

describe('revocations', () => {
  test('7009-07 a revocation counts on the other instance within a second', async () => {
    const now = new Date()
    await revoke('credential:seven', now)
    await pause(900)
    expect(there.isRevoked(['x', 'credential:seven'], seconds(now) - 10)).toBe(true)
    expect(there.isRevoked(['credential:eight'], seconds(now) - 10)).toBe(false)
  })

  test('after refresh it counts here at once, also when another read is running', async () => {
    const running = here.refresh()
    await revoke('secret:now')
    await Promise.all([running, here.refresh()])
    expect(here.isRevoked(['secret:now'], seconds(new Date()) - 1)).toBe(true)
  })

  test('a token of the same second is dead, one of the next second lives', async () => {
    const now = new Date()
    await revoke('organization:edge', now)
    await here.refresh()
    expect(here.isRevoked(['organization:edge'], seconds(now))).toBe(true)
    expect(here.isRevoked(['organization:edge'], seconds(now) + 1)).toBe(false)
  })

  test('an earlier epoch never shortens a later one', async () => {
    const now = new Date()
    await revoke('user:twice', now)
    await revoke('user:twice', new Date(now.getTime() - 60_000))
    await here.refresh()
    expect(here.isRevoked(['user:twice'], seconds(now))).toBe(true)
  })

  test('one token is dead for good, whatever the clocks say', async () => {
    await revoke('jti:a.b', new Date(Date.now() - 60_000))
    await here.refresh()
    expect(here.isRevoked(['jti:a.b'], seconds(new Date()) + 30)).toBe(true)
  })

  test('what a rolled back transaction revoked lives', async () => {
    const failed = asAuth(db.knex, async (trx) => {
      await here.revoke(trx, { topic: 'user:spared', now: new Date(), expiresAt: inAnHour() })
      throw new Error('rolled back')
    })
    await expect(failed).rejects.toThrow('rolled back')
    await here.refresh()
    expect(here.isRevoked(['user:spared'], 0)).toBe(false)
  })

  test('a row that commits seconds after younger ones is still read', async () => {
    // As if its transaction had begun forty seconds before the last read.
    await asRole(db, { role: 'auth' }, (trx) =>
      trx('revocations').insert({
        topic: 'user:late',
        not_before: new Date(),
        expires_at: inAnHour(),
        created_at: new Date(Date.now() - 40_000),
      }),
    )
    await here.refresh()
    expect(here.isRevoked(['user:late'], seconds(new Date()) - 5)).toBe(true)
  })

  test('listeners hear each topic once, and news without an epoch end no token', async () => {
    const heard: string[] = []
    // Other spec files make news of their own.
    const stop = here.onChange((topic) => (/:(told|unheard)$/.test(topic) ? heard.push(topic) : undefined))
    await asAuth(db.knex, (trx) =>
      here.tell(trx, { topic: 'organization:told', now: new Date(), expiresAt: inAnHour() }),
    )
    await here.refresh()
    await here.refresh()
    await revoke('jti:a.unheard:told')
    await here.refresh()
    stop()
    await revoke('organization:unheard')
    await here.refresh()
    expect(heard).toEqual(['organization:told'])
    expect(here.isRevoked(['organization:told'], 0)).toBe(false)
  })

  test('an instance that starts later knows them all and says that everything may have changed', async () => {
    const heard: string[] = []
    const late = createRevocations(db, { log })
    late.onChange((topic) => void heard.push(topic))
    expect(late.healthy()).toBe(false)
    await late.start()
    expect(late.healthy()).toBe(true)
    expect(late.isRevoked(['credential:seven'], 0)).toBe(true)
    expect(heard).toContain(EVERYTHING)
    await late.stop()
  })

  test('the resource layer ends tokens by what it changes, never by a row of its own', async () => {
    const row = { topic: 'organization:victim', not_before: new Date(), expires_at: inAnHour() }
    const written = asRole(db, { role: 'api' }, (trx) => trx('revocations').insert(row))
    await expect(written).rejects.toMatchObject({ code: '42501' })
  })

  test('an epoch that no token can outlive is not kept', async () => {
    await revoke('user:short', new Date(), new Date(Date.now() - 1000))
    const late = createRevocations(db, { log })
    await late.start()
    expect(late.isRevoked(['user:short'], 0)).toBe(false)
    await late.stop()
  })

  test('F3 without a database it is unhealthy after five seconds, says so once, and recovers by itself', async () => {
    const lines: string[] = []
    const note = (_fields: unknown, words = ''): void => void lines.push(words)
    const own = await specDatabase()
    const words = (text: unknown): void => void lines.push(String(text))
    const cut = createRevocations(own, { log: { info: words, error: note } })
    await cut.start()
    await own.aside.destroy()
    await pause(5200)
    expect(cut.healthy()).toBe(false)
    // Said by the poll that finds it so: the next one, on a busy machine.
    await pause(1500)
    expect(lines).toHaveLength(1)
    own.aside.initialize()
    await pause(1200)
    expect(cut.healthy()).toBe(true)
    expect(lines).toEqual([expect.stringContaining('cannot be read'), 'revocations are read again'])
    await cut.stop()
    await own.close()
  })
})
