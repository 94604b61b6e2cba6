import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { anOwner, answered, type Body, type Owner, type Reply } from '../../support/api.js'
import { ask, aWebapp, counts, outcome, refreshing, signIn, signInCode, type Web } from '../../support/grants.js'
import { startBeside, startRealService } from '../../support/real-service.js'
import type { Service } from '../../support/service.js'

// Many at once over two instances on one real PostgreSQL. RACE_ROUNDS=1000 for the long run.

const ROUNDS = Number(process.env.RACE_ROUNDS ?? 2)
const AT_ONCE = Number(process.env.RACE_AT_ONCE ?? 50)

jest.setTimeout(60_000 + ROUNDS * 10_000)

let first: Service
let second: Service
let owner: Owner
let webapp: Web & { clientSecret: string }
beforeAll(async () => {
  const real = await startRealService()
  first = real
  second = await startBeside(real)
  owner = await anOwner(first)
  webapp = await aWebapp(first, owner)
}, 60_000)
afterAll(async () => {
  await second.stop()
  await first.stop()
})

/** The same request many times at once, over both instances in turn. */
const atOnce = (form: Record<string, string>): Promise<Reply[]> =>
  Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => answered(() => ask(index % 2 === 0 ? first : second, 'token', form))),
  )

const familiesOf = async (accessToken: string): Promise<Body[]> => {
  const { family } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
  const { rows } = await first.db.knex.raw(
    'select f.ended_at, (select count(*)::int from refresh_tokens t where t.family_id = f.id) as tokens from refresh_families f where f.id = ?',
    [family],
  )
  return rows
}

test('P5 P6 one code redeemed 50 times at once: exactly one token, which the others have ended', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { form, code } = await signInCode(first, { owner, webapp })
    const replies = await atOnce(form)
    const won = replies.filter(({ status }) => status === 200)
    expect([round, won.length]).toEqual([round, 1])
    expect(new Set(replies.map(outcome))).toEqual(new Set(['200', '400 invalid_grant']))
    const { rows } = await first.db.knex.raw(
      'select count(*)::int as families from refresh_families f where f.id in (select family_id from authorization_codes where hash = ?)',
      [first.parts.secrets.hash(code)],
    )
    expect(rows).toEqual([{ families: 1 }])
    const [family] = await familiesOf(won[0]?.body.access_token)
    expect(family).toMatchObject({ tokens: 1, ended_at: expect.any(String) })
    await Promise.all([first.parts.revocations.refresh(), second.parts.revocations.refresh()])
    for (const instance of [first, second]) expect(await counts(instance, won[0]?.body.access_token)).toBe(false)
  }
})

test('T1 one refresh token used 50 times at once: one new pair, the same for all, and one family', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { refresh_token } = await signIn(first, { owner, webapp })
    const replies = await atOnce(refreshing(webapp, refresh_token))
    expect([round, ...new Set(replies.map(outcome))]).toEqual([round, '200'])
    const bodies = replies.map(({ body }) => body)
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
    // The one that was used and the one that follows it.
    expect(await familiesOf(bodies[0].access_token)).toEqual([{ tokens: 2, ended_at: null }])
    expect(outcome(await ask(second, 'token', refreshing(webapp, bodies[0].refresh_token)))).toBe('200')
  }
})

/** Whom an access token is about, and which sign-in it came from. */
function told(accessToken: string): Body {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
  return {
    family: claims.family,
    owner: claims.owner,
    organization: claims.organization,
    application: claims.application,
  }
}

test('T1 the tokens of many people, used at once among unknown, ended and foreign ones: each is answered as its own', async () => {
  const others = await Promise.all(Array.from({ length: 3 }, () => anOwner(first)))
  const webapps = await Promise.all(others.map((one) => aWebapp(first, one)))
  const people = [{ owner, webapp }, ...others.map((one, at) => ({ owner: one, webapp: webapps[at] ?? webapp }))]
  const signedIn = await Promise.all(
    people.flatMap((one) => [one, one, one]).map(async (one) => ({ ...one, before: await signIn(first, one) })),
  )
  const [ended, foreign] = [await signIn(first, people[1] ?? { owner, webapp }), await signIn(first, { owner, webapp })]
  const revoked = { token: ended.refresh_token, client_id: webapps[0]?.clientId ?? '' }
  await ask(first, 'revoke', { ...revoked, client_secret: webapps[0]?.clientSecret ?? '' })
  const bad = [
    refreshing(webapps[0] ?? webapp, ended.refresh_token),
    refreshing(webapps[0] ?? webapp, foreign.refresh_token),
    refreshing(webapp, 'nobodys-refresh-token'),
  ]
  // All at one instance, so that they are looked for together.
  const good = signedIn.map((one) => ask(first, 'token', refreshing(one.webapp, one.before.refresh_token)))
  const refused = await Promise.all(bad.map((form) => ask(first, 'token', form)))
  expect(refused.map(outcome)).toEqual(bad.map(() => '400 invalid_grant'))
  const replies = await Promise.all(good)
  expect(replies.map(outcome)).toEqual(signedIn.map(() => '200'))
  expect(replies.map(({ body }) => told(body.access_token))).toEqual(
    signedIn.map(({ before }) => told(before.access_token)),
  )
  expect(new Set(replies.map(({ body }) => told(body.access_token).family)).size).toBe(signedIn.length)
})
