import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { hashPassword } from '../../../src/crypto/passwords.js'
import { aMember, anApplication, anOwner, api, type Body, change, type Owner } from '../../support/api.js'
import {
  aSession,
  aShopper,
  ask,
  aWebapp,
  counts,
  outcome,
  refreshing,
  signIn,
  tokensOf,
  type Web,
} from '../../support/grants.js'
import { startOwnService } from '../../support/real-service.js'
import { type Service, startService } from '../../support/service.js'

const time = { offsetMs: 0 }
const clock = (): Date => new Date(Date.now() + time.offsetMs)
/** Past the ten seconds in which an answer comes again. */
const later = (): void => {
  time.offsetMs += 10_500
}
const DAY_MS = 24 * 3600 * 1000

let service: Service
let owner: Owner
let webapp: Web & { clientSecret: string }
beforeAll(async () => {
  service = await startOwnService({ clock })
  owner = await anOwner(service)
  webapp = await aWebapp(service, owner)
})
afterAll(() => service.stop())

const token = (form: Record<string, string>) => ask(service, 'token', form)
const refresh = (refreshToken: string, change: Record<string, string> = {}) =>
  token({ ...refreshing(webapp, refreshToken), ...change })
const refused = async (refreshToken: string): Promise<void> =>
  expect(outcome(await refresh(refreshToken))).toBe('400 invalid_grant')

describe('rotation', () => {
  test('9700-04 each use answers a new pair of the same family, with the keys of the contract', async () => {
    const first = await signIn(service, { owner, webapp })
    const { status, headers, body } = await refresh(first.refresh_token)
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual(Object.keys(first))
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.refresh_token).not.toBe(first.refresh_token)
    const [before, after] = [decodeJwt(first.access_token), decodeJwt(body.access_token)]
    expect(after).toMatchObject({
      family: before.family,
      sid: before.sid,
      sub: before.sub,
      auth_time: before.auth_time,
    })
    expect(after.jti).not.toBe(before.jti)
    expect(await counts(service, first.access_token)).toBe(true)
    expect((await api(service, body.access_token).get('/user')).status).toBe(200)
  })

  test('within ten seconds the same client gets the same answer again', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const first = await refresh(refresh_token)
    time.offsetMs += 9_000
    expect((await refresh(refresh_token)).body).toEqual(first.body)
    expect(outcome(await refresh(first.body.refresh_token))).toBe('200')
  })

  test('T2 9700-04 later it is reuse: refused, and the whole family is dead at once, access tokens too', async () => {
    const first = await signIn(service, { owner, webapp })
    const second = (await refresh(first.refresh_token)).body
    const third = (await refresh(second.refresh_token)).body
    later()
    await refused(first.refresh_token)
    await refused(third.refresh_token)
    for (const { access_token } of [first, second, third]) expect(await counts(service, access_token)).toBe(false)
  })

  test('T3 what was used stays used after a restart', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    await refresh(refresh_token)
    later()
    const again = await startService({ db: service.db, clock })
    expect(outcome(await ask(again, 'token', refreshing(webapp, refresh_token)))).toBe('400 invalid_grant')
    await again.stop()
  })

  test('T4 a database that refuses the commit loses nobody their sign-in', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const { knex } = service.db
    await knex.raw('alter table refresh_tokens add constraint refresh_tokens_broken check (used_at is null) not valid')
    try {
      expect((await refresh(refresh_token)).status).toBeGreaterThanOrEqual(400)
    } finally {
      await knex.raw('alter table refresh_tokens drop constraint refresh_tokens_broken')
    }
    later()
    expect(outcome(await refresh(refresh_token))).toBe('200')
  })

  test('a token lives fourteen days, and the last one of a family no longer than a year after its first', async () => {
    const [one, two] = [await signIn(service, { owner, webapp }), await signIn(service, { owner, webapp })]
    time.offsetMs += 13 * DAY_MS
    const next = await refresh(one.refresh_token)
    expect(outcome(next)).toBe('200')
    time.offsetMs += 2 * DAY_MS
    await refused(two.refresh_token)
    let last: string = next.body.refresh_token
    for (let day = 15; day < 366; day += 13) {
      const answer = await refresh(last)
      if (answer.status !== 200) throw new Error(`day ${day}: ${outcome(answer)}`)
      last = answer.body.refresh_token
      time.offsetMs += 13 * DAY_MS
    }
    await refused(last)
    time.offsetMs = 0
  })
})

describe('whose token it is', () => {
  test('T5 6749-24 another client gets nothing, and spoils nothing', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const other = await aWebapp(service, owner)
    const stranger = await anOwner(service)
    const foreign = await aWebapp(service, stranger)
    for (const client of [other, foreign])
      expect(outcome(await token(refreshing(client, refresh_token)))).toBe('400 invalid_grant')
    expect(outcome(await refresh(refresh_token))).toBe('200')
  })

  test('T5 6749-12 a confidential client without its secret', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    expect(outcome(await token(refreshing({ clientId: webapp.clientId }, refresh_token)))).toBe('401 invalid_client')
    expect(outcome(await refresh(refresh_token, { client_secret: 'wrong' }))).toBe('401 invalid_client')
  })

  test('6749-22 an integration has no such grant; nonsense is no token', async () => {
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    expect(outcome(await token(refreshing(machine, 'x')))).toBe('400 unauthorized_client')
    for (const nonsense of ['x', 'a.b.c', "' or 1=1 --", 'x'.repeat(20_000)]) await refused(nonsense)
    const { access_token } = await signIn(service, { owner, webapp })
    await refused(access_token)
    expect(outcome(await refresh(''))).toBe('400 invalid_request')
  })
})

describe('6749-25 T6 scope', () => {
  const scope = 'market:all provisioning-api'
  const scopeOf = async (refreshToken: string, asked?: string) => {
    const answer = await refresh(refreshToken, asked === undefined ? {} : { scope: asked })
    return answer.status === 200 ? answer.body : outcome(answer)
  }

  test('left out it is the original; repeated it is echoed to the letter; a part of it is a part', async () => {
    let { refresh_token } = await signIn(service, { owner, webapp, scope })
    for (const [asked, got] of [
      [undefined, scope],
      ['provisioning-api,market:all', 'provisioning-api,market:all'],
      ['market:code:usa provisioning-api', undefined],
      ['provisioning-api', 'provisioning-api'],
      // A token that was asked for with less does not make the grant less.
      [undefined, scope],
    ] as const) {
      if (got === undefined) continue
      const body: Body = await scopeOf(refresh_token, asked)
      expect(body.scope).toBe(got)
      expect(decodeJwt(body.access_token).scope).toBe(got)
      refresh_token = body.refresh_token
    }
  })

  test('more is refused, and costs nothing', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp, scope: 'market:all' })
    for (const asked of ['provisioning-api', 'market:all metrics-api', 'market:all roles:read', 'openid', 'nonsense']) {
      expect(await scopeOf(refresh_token, asked)).toBe('400 invalid_scope')
    }
    expect((await scopeOf(refresh_token)).scope).toBe('market:all')
  })

  test('leaving out what narrows would be more', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp, scope: 'market:all roles:read' })
    expect(await scopeOf(refresh_token, 'market:all')).toBe('400 invalid_scope')
    expect((await scopeOf(refresh_token, 'roles:read')).scope).toBe('roles:read')
  })

  test('a credential that is registered for less by now', async () => {
    const own = await aWebapp(service, owner)
    const { refresh_token } = await signIn(service, { owner, webapp: own, scope: 'market:all' })
    const narrowed = change('api_credentials', own.id, { scopes: 'market:code:usa' })
    expect((await owner.patch(`/api_credentials/${own.id}`, narrowed)).status).toBe(200)
    expect(outcome(await token(refreshing(own, refresh_token)))).toBe('400 invalid_scope')
  })

  test('another resource', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp, resource: 'https://a.example.com/api' })
    const asked = { resource: 'https://b.example.com/api' }
    expect(outcome(await refresh(refresh_token, asked))).toBe('400 invalid_target')
    const { body } = await refresh(refresh_token)
    expect(decodeJwt(body.access_token).aud).toContain('https://a.example.com/api')
  })
})

describe('T9 9700-11 what ends a family at once', () => {
  const member = () => aMember(service, owner, owner.roles.Member as string)
  const signedIn = async (userId: string, sessionId?: string) =>
    signIn(service, { owner, webapp, userId, ...(sessionId === undefined ? {} : { sessionId }) })

  async function dead({ refresh_token, access_token }: Body): Promise<void> {
    await refused(refresh_token)
    await service.parts.revocations.refresh()
    const answer = await api(service, access_token).get('/memberships')
    expect([401, 403]).toContain(answer.status)
  }

  const asDatabase = (sql: string, bindings: readonly string[]) => service.db.knex.raw(sql, [...bindings])

  test('a new password', async () => {
    const { userId } = await member()
    const set = async (password: string) =>
      asDatabase('update users set password_hash = ?, password_changed_at = now() where id = ?', [
        await hashPassword(password, 4),
        userId,
      ])
    await set('the first')
    const tokens = await signedIn(userId)
    await set('the second')
    await dead(tokens)
    const { rows } = await service.db.knex.raw('select ended_because from refresh_families where user_id = ?', [userId])
    expect(rows).toEqual([{ ended_because: 'password_changed' }])
  })

  test('a user who is disabled, also once enabled again', async () => {
    const { userId } = await member()
    const tokens = await signedIn(userId)
    await asDatabase('update users set disabled_at = now() where id = ?', [userId])
    await asDatabase('update users set disabled_at = null where id = ?', [userId])
    await dead(tokens)
  })

  test('a seat that is gone, also when there is a new one', async () => {
    const one = await member()
    const tokens = await signedIn(one.userId)
    expect((await owner.delete(`/memberships/${one.membershipId}`)).status).toBe(204)
    await dead(tokens)
    const { email } = one
    const seat = { organization: ['organizations', owner.organizationId], role: ['roles', owner.roles.Member ?? ''] }
    const invited = await owner.post('/memberships', {
      data: {
        type: 'memberships',
        attributes: { user_email: email },
        relationships: Object.fromEntries(
          Object.entries(seat).map(([name, [type, id]]) => [name, { data: { type, id } }]),
        ),
      },
    })
    const active = "update memberships set status = 'active', invitation_status = 'accepted', user_id = ? where id = ?"
    await asDatabase(active, [one.userId, invited.body.data.id])
    await refused(tokens.refresh_token)
    expect(await counts(service, tokens.access_token)).toBe(false)
  })

  test('a session that is ended', async () => {
    const { userId } = await member()
    const sessionId = await aSession(service, userId)
    const tokens = await signedIn(userId, sessionId)
    const spared = await signedIn(userId)
    await service.parts.sessions.end({ id: sessionId, userId }, clock())
    await dead(tokens)
    expect(outcome(await refresh(spared.refresh_token))).toBe('200')
  })

  test('a credential that is disabled, also once enabled again; one that is deleted', async () => {
    const own = await aWebapp(service, owner)
    const tokens = await signIn(service, { owner, webapp: own })
    const trigger = (name: string) =>
      owner.patch(`/api_credentials/${own.id}`, change('api_credentials', own.id, { [name]: true }))
    await trigger('_disable')
    expect(outcome(await token(refreshing(own, tokens.refresh_token)))).toBe('401 invalid_client')
    await trigger('_enable')
    expect(outcome(await token(refreshing(own, tokens.refresh_token)))).toBe('400 invalid_grant')
    expect((await owner.delete(`/api_credentials/${own.id}`)).status).toBe(204)
    expect(outcome(await token(refreshing(own, tokens.refresh_token)))).toBe('401 invalid_client')
    expect(await counts(service, tokens.access_token)).toBe(false)
  })

  test('a shopper with a new password, disabled, deleted; others stay signed in', async () => {
    for (const attributes of [{ password: 'another password' }, { _disable: true }, undefined]) {
      const { channel, form, customerId } = await aShopper(service, owner)
      const spared = await aShopper(service, owner)
      const tokens = await tokensOf(service, form)
      const others = await tokensOf(service, spared.form)
      const path = `/customers/${customerId}`
      if (attributes === undefined) await owner.delete(path)
      else expect((await owner.patch(path, change('customers', customerId, attributes))).status).toBe(200)
      const client = { clientId: channel.clientId }
      expect(outcome(await token(refreshing(client, tokens.refresh_token)))).toBe('400 invalid_grant')
      expect(await counts(service, tokens.access_token)).toBe(false)
      const theirs = { clientId: spared.channel.clientId }
      expect(outcome(await token(refreshing(theirs, others.refresh_token)))).toBe('200')
    }
  })

  test('an organization that is deleted, also once restored', async () => {
    const gone = await anOwner(service)
    const own = await aWebapp(service, gone)
    const tokens = await signIn(service, { owner: gone, webapp: own })
    const confirm = { meta: { confirm: gone.organization.attributes.slug } }
    expect((await gone.delete(`/organizations/${gone.organizationId}`, confirm)).status).toBeLessThan(300)
    expect(outcome(await token(refreshing(own, tokens.refresh_token)))).toBe('401 invalid_client')
    const restored = await gone.post(`/organizations/${gone.organizationId}/restore`)
    expect(restored.status).toBeLessThan(300)
    expect(outcome(await token(refreshing(own, tokens.refresh_token)))).toBe('400 invalid_grant')
  })

  test('a sign-in that is older than its organization allows, or has been idle for too long', async () => {
    const strict = await anOwner(service)
    const own = await aWebapp(service, strict)
    const limit = (column: string, seconds: number | null) =>
      service.db.knex.raw('update organizations set ?? = ? where id = ?', [column, seconds, strict.organizationId])
    for (const column of ['session_max_seconds', 'session_idle_seconds']) {
      await limit(column, 3600)
      const { refresh_token } = await signIn(service, { owner: strict, webapp: own })
      time.offsetMs += 3_500_000
      const next = await token(refreshing(own, refresh_token))
      expect(outcome(next)).toBe('200')
      time.offsetMs += column === 'session_max_seconds' ? 200_000 : 3_700_000
      expect(outcome(await token(refreshing(own, next.body.refresh_token)))).toBe('400 invalid_grant')
      await limit(column, null)
      time.offsetMs = 0
    }
  })
})
