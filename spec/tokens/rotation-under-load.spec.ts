import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import type { Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { anApplication, anOwner, call, tokenFor } from '../support/api.js'
import { freshDatabase } from '../support/database.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(90_000)

const REQUESTS = 200
const AT_ONCE = 4

let db: Database
let instances: Service[]

beforeAll(async () => {
  // Its own: a rotation would retire the keys of every other spec.
  db = await freshDatabase()
  await migrate(db)
  instances = [await startService({ db }), await startService({ db })]
})
afterAll(async () => {
  for (const one of instances) await one.stop()
  await db.close()
})

const published = async (service: Service): Promise<string[]> =>
  (await call(service, '/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid)

/** The same without a request, which would wait for its turn among the others. */
const inRing = ({ parts }: Service): (string | undefined)[] => parts.keys.jwks(new Date()).keys.map(({ kid }) => kid)

test(`F14 keys rotate while ${REQUESTS} requests run at two instances: no good token is refused, and each is published at both before its first use`, async () => {
  const [first, second] = instances as [Service, Service]
  const owner = await anOwner(first)
  const machine = await anApplication(first, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  const client = { clientId: machine.clientId, clientSecret: machine.clientSecret }
  const old = await tokenFor(first, client)
  const seen = new Map<string, number>()
  const listed = new Map<string, number>()
  const refused: string[] = []
  let done = 0
  let rotated = false

  const use = async (service: Service, token: string): Promise<void> => {
    const { status } = await call(service, '/api/organization', { headers: { authorization: `Bearer ${token}` } })
    // 503 is a machine that is too busy to say, not a refusal.
    if (status !== 200 && status !== 503) refused.push(`${status} ${decodeProtectedHeader(token).kid}`)
  }
  const worker = async (turn: number): Promise<void> => {
    while (done < REQUESTS || !rotated) {
      const [here, there] = (done + turn) % 2 === 0 ? [first, second] : [second, first]
      const token = await tokenFor(here, client)
      const { kid = '' } = decodeProtectedHeader(token)
      if (!seen.has(kid)) seen.set(kid, performance.now())
      // Where it was not made, and with the token that is older than all of them.
      await use(there, token)
      await use(here, old)
      done += 1
    }
  }
  const rotation = async (): Promise<void> => {
    for (let round = 0; round < 2; round += 1) {
      const { kid } = await first.parts.keys.rotate({ now: new Date(), activateInSeconds: 3 })
      for (const one of instances) {
        while (!inRing(one).includes(kid)) await new Promise((resolve) => setTimeout(resolve, 20))
      }
      listed.set(kid, performance.now())
      while (!seen.has(kid)) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    rotated = true
  }
  await Promise.all([rotation(), ...Array.from({ length: AT_ONCE }, (_, turn) => worker(turn))])

  expect(refused).toEqual([])
  expect(seen.size).toBe(3)
  for (const [kid, at] of listed) expect(at).toBeLessThan(seen.get(kid) ?? 0)
  for (const one of instances) expect(await published(one)).toEqual(expect.arrayContaining([...seen.keys()]))
})

test('withdrawing the key that signs, while both instances are in use: its tokens are dead within a second, new ones count', async () => {
  const [first, second] = instances as [Service, Service]
  const owner = await anOwner(first)
  const machine = await anApplication(first, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  const client = { clientId: machine.clientId, clientSecret: machine.clientSecret }
  const token = await tokenFor(second, client)
  const statusAt = async (service: Service, bearer: string): Promise<number> =>
    (await call(service, '/api/organization', { headers: { authorization: `Bearer ${bearer}` } })).status
  expect([await statusAt(first, token), await statusAt(second, token)]).toEqual([200, 200])
  await first.parts.keys.withdraw(decodeProtectedHeader(token).kid ?? '', new Date())
  const before = performance.now()
  while ((await statusAt(second, token)) !== 401 && performance.now() - before < 5000);
  expect(performance.now() - before).toBeLessThan(1000)
  expect(await statusAt(first, token)).toBe(401)
  const next = await tokenFor(second, client)
  expect([await statusAt(first, next), await statusAt(second, next)]).toEqual([200, 200])
  expect(await published(second)).not.toContain(decodeProtectedHeader(token).kid)
})
