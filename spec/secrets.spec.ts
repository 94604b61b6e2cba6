import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAccount } from '../src/access/accounts.js'
import { hashPassword } from '../src/crypto/passwords.js'
import type { Database } from '../src/db/connect.js'
import { migrate } from '../src/db/migrate.js'
import { newId } from '../src/ids.js'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  api,
  type Body,
  call,
  change,
  type Owner,
  resource,
  tokenFor,
} from './support/api.js'
import { freshDatabase } from './support/database.js'
import { type Service, startService } from './support/service.js'

/** S8: client secrets, tokens, passwords and invitation tokens are told once, to those they are for, and stand nowhere. */
const PASSWORD = 'correct horse battery staple, 42 of them'
const MASTER_KEY = 'the master key of the S8 spec, which is told to nobody else'

let db: Database
let service: Service
let owner: Owner
let admin: Api
let reader: Api
/** What must be found nowhere, by what it is. */
const secrets = new Map<string, string>()
/** Every answer but those that tell a secret to its owner. */
const answers: string[] = []

const hear = <T extends { body: unknown; headers: Headers }>(reply: T): T => {
  answers.push(JSON.stringify([reply.body ?? null, [...reply.headers]]))
  return reply
}

/** Whole, or enough of it to guess the rest: none of the parts that are random may be seen. */
function seenIn(text: string): string[] {
  return [...secrets]
    .filter(([, secret]) => {
      const random = secret.includes(' ') ? secret : secret.slice(-30)
      return (
        text.includes(secret) ||
        text.includes(random) ||
        text.includes(encodeURIComponent(secret)) ||
        text.includes(Buffer.from(secret).toString('base64'))
      )
    })
    .map(([what]) => what)
}

async function dump(): Promise<Map<string, string>> {
  const { rows: tables } = await service.db.knex.raw<{ rows: { name: string }[] }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`,
  )
  const texts = new Map<string, string>()
  for (const { name } of tables) {
    const { rows } = await service.db.knex.raw<{ rows: { text: string }[] }>(
      `select to_jsonb(t)::text as text from ${name} t`,
    )
    texts.set(name, rows.map(({ text }) => text).join('\n'))
  }
  return texts
}

async function aPersonWithPassword(): Promise<Api> {
  const { knex } = service.db
  const passwordHash = await hashPassword(PASSWORD, 4)
  const now = service.parts.clock()
  const account = await createAccount(knex, service.parts.secrets, {
    email: `${newId().toLowerCase()}@example.com`,
    passwordHash,
    now,
  })
  secrets
    .set('password', PASSWORD)
    .set('hash of a password', passwordHash)
    .set('secret of a person', account.clientSecret)
  const token = await tokenFor(service, account)
  secrets.set('token of a person', token)
  return api(service, token)
}

async function applications(): Promise<void> {
  const made = [
    await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string }),
    await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string }),
    await anApplication(service, owner, 'sales_channel'),
    await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://example.com/callback' } }),
  ]
  for (const [index, { clientSecret, token }] of made.entries()) {
    expect(clientSecret).toMatch(/^gh_sk_test_.{49}$/)
    secrets.set(`client secret ${index}`, clientSecret)
    if (token !== '') secrets.set(`token ${index}`, token)
    // Hashes give nothing away, and are still nobody's business.
    secrets.set(`hash of client secret ${index}`, service.parts.secrets.hash(clientSecret))
  }
}

async function invitations(): Promise<void> {
  const role: Record<string, [string, string]> = {
    organization: ['organizations', owner.organizationId],
    role: ['roles', owner.roles.Member as string],
  }
  const invited = hear(
    await owner.post(
      '/memberships',
      resource('memberships', { user_email: `${newId().toLowerCase()}@example.com` }, role),
    ),
  )
  expect(invited.status).toBe(201)
  expect(hear(await owner.post(`/memberships/${invited.body.data.id}/resend`, { data: {} })).status).toBe(202)
  const rows: { payload: string }[] = await service.db
    .knex('outbox')
    .where({ organization_id: owner.organizationId })
    .select('payload')
  const tokens = rows.map(({ payload }) => JSON.parse(service.parts.secrets.open(payload)).token as string)
  expect(tokens.length).toBeGreaterThanOrEqual(2)
  for (const [index, token] of tokens.entries()) {
    expect(token).toMatch(/^gh_invite_/)
    secrets
      .set(`invitation token ${index}`, token)
      .set(`hash of invitation token ${index}`, service.parts.secrets.hash(token))
  }
}

beforeAll(async () => {
  // The master key of this spec is its own, so its database is too.
  db = await freshDatabase()
  await migrate(db)
  service = await startService({ db, env: { SECRET_KEY: MASTER_KEY, LOG_LEVEL: 'trace' } })
  owner = await anOwner(service, 'The Blue Brand')
  secrets
    .set('master key', MASTER_KEY)
    .set('secret of the owner', owner.clientSecret)
    .set('token of the owner', owner.token)
  secrets.set('hash of the secret of the owner', service.parts.secrets.hash(owner.clientSecret))
  admin = await aMember(service, owner, owner.roles.Admin as string)
  reader = await aMember(service, owner, owner.roles['Read-only'] as string)
  secrets.set('token of the admin', admin.token).set('token of the reader', reader.token)
  await aPersonWithPassword()
  await applications()
  await invitations()
  const keys: { private_key: string }[] = await service.db.knex('signing_keys').select('private_key')
  for (const [index, { private_key: sealed }] of keys.entries()) {
    const text = service.parts.secrets.open(sealed)
    const middle = text.replaceAll(/\s/g, '').slice(200, 260)
    secrets.set(`private key ${index}`, middle)
  }
  expect(keys.length).toBeGreaterThan(0)
}, 60_000)
afterAll(async () => {
  await service.stop()
  await db.close()
})

describe('S8 a secret is told once', () => {
  test('in the answer to its creation, and null ever after', async () => {
    const links: Record<string, [string, string]> = { organization: ['organizations', owner.organizationId] }
    const made = await owner.post(
      '/api_credentials',
      resource('api_credentials', { name: 'Shop', kind: 'sales_channel' }, links),
    )
    const secret: string = made.body.data.attributes.client_secret
    const { id } = made.body.data
    expect(secret).toMatch(/^gh_sk_test_/)
    secrets.set('client secret of a shop', secret)
    const later = [
      hear(await owner.get(`/api_credentials/${id}`)),
      hear(await owner.patch(`/api_credentials/${id}`, change('api_credentials', id, { name: 'Other' }))),
      hear(await owner.get(`/api_credentials/${id}?fields[api_credentials]=client_secret`)),
    ]
    for (const { status, body } of later) expect([status, body.data.attributes.client_secret]).toEqual([200, null])
    const listed: Body = hear(await owner.get('/api_credentials?page[size]=100')).body.data
    expect(listed.every((one: Body) => one.attributes.client_secret === null)).toBe(true)
  })
})

describe('S8 nothing else tells it', () => {
  const TYPES = ['organizations', 'memberships', 'roles', 'permissions', 'api_credentials', 'versions']

  test('no list, no retrieve, no related resource, no include, for nobody', async () => {
    for (const caller of [owner, admin, reader]) {
      for (const type of TYPES) {
        const { status, body } = hear(await caller.get(`/${type}?page[size]=100`))
        expect([type, status]).toEqual([type, 200])
        for (const { id } of body.data.slice(0, 3)) hear(await caller.get(`/${type}/${id}`))
      }
      hear(await caller.get('/user'))
      hear(
        await caller.get(
          `/organizations/${owner.organizationId}?include=memberships.role,roles.versions,api_credentials.role.permissions`,
        ),
      )
    }
    expect(answers.length).toBeGreaterThan(60)
    expect(answers.flatMap(seenIn)).toEqual([])
  })

  test('no version: what was created is there, without its secret', async () => {
    const { body } = hear(await owner.get('/versions?filter[q][resource_type_eq]=api_credentials&page[size]=100'))
    expect(body.meta.record_count).toBeGreaterThan(4)
    expect(body.data.some((one: Body) => one.attributes.event === 'create' && one.attributes.changes.client_id)).toBe(
      true,
    )
    expect(seenIn(JSON.stringify(body))).toEqual([])
    expect(JSON.stringify(body)).not.toMatch(/"(client_secret|hash|invitation_token_hash|password_hash)"/)
  })

  test('no error, whatever is sent in the wrong place', async () => {
    const [secret, token] = [secrets.get('client secret 0') ?? '', owner.token]
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const clientId = 'client_id=x'
    const basic = Buffer.from(`x:${secret}`).toString('base64')
    const refused = [
      await call(service, `/oauth/token?client_secret=${secret}`, {
        method: 'POST',
        headers: form,
        body: `grant_type=client_credentials&${clientId}`,
      }),
      await call(service, '/oauth/token', {
        method: 'POST',
        headers: form,
        body: `grant_type=client_credentials&${clientId}&client_secret=${secret}`,
      }),
      await call(service, '/oauth/token', {
        method: 'POST',
        headers: form,
        body: `grant_type=${secret}&${clientId}&client_secret=${secret}`,
      }),
      await call(service, '/oauth/token', {
        method: 'POST',
        headers: { ...form, authorization: `Basic ${basic}` },
        body: 'grant_type=client_credentials&scope=x',
      }),
      await call(service, '/oauth/revoke', {
        method: 'POST',
        headers: form,
        body: `${clientId}&client_secret=${secret}&token=${token}`,
      }),
      await call(service, `/api/roles?access_token=${token}`),
      await call(service, '/api/roles', { headers: { authorization: `Bearer ${token}x` } }),
      await call(service, '/api/roles', { headers: { authorization: `Token ${token}` } }),
      await call(service, `/api/roles/${token.slice(0, 40)}`, {
        headers: { authorization: `Bearer ${token}`, 'x-request-id': secret.slice(0, 20) },
      }),
      await owner.patch('/user', { data: { type: 'users', attributes: { password: PASSWORD, email: null } } }),
      await owner.post('/api_credentials', resource('api_credentials', { client_secret: secret, kind: PASSWORD }, {})),
    ]
    expect(refused.map(({ status }) => status).filter((status) => status < 400 || status >= 500)).toEqual([])
    for (const { body, headers } of refused) expect(seenIn(JSON.stringify([body, [...headers]]))).toEqual([])
  })

  test('no line of the log, not even at its most talkative', () => {
    const text = service.logs.map((line) => JSON.stringify(line)).join('\n')
    expect(service.logs.length).toBeGreaterThan(60)
    expect(seenIn(text)).toEqual([])
  })

  test('no row of any table: a copy of the database is worth nothing without the master key', async () => {
    const tables = await dump()
    expect(tables.size).toBeGreaterThan(12)
    for (const full of [
      'users',
      'memberships',
      'api_credentials',
      'api_credential_secrets',
      'versions',
      'outbox',
      'signing_keys',
    ]) {
      expect([full, (tables.get(full) ?? '').length > 100]).toEqual([full, true])
    }
    const plain = [...tables].map(([name, text]) => ({
      name,
      seen: seenIn(text).filter((what) => !what.startsWith('hash of')),
    }))
    expect(plain.filter(({ seen }) => seen.length > 0)).toEqual([])
    // Hashes stand where they belong and nowhere else, e.g. not in versions.
    const hashes = [...tables]
      .filter(([, text]) => seenIn(text).some((what) => what.startsWith('hash of')))
      .map(([name]) => name)
    expect(hashes.sort()).toEqual(['api_credential_secrets', 'memberships', 'user_credentials', 'users'])
  })

  test('this spec can tell: what is looked for would be found', () => {
    expect(secrets.size).toBeGreaterThan(20)
    for (const [what, secret] of secrets) expect(seenIn(`before ${secret} after`)).toContain(what)
  })
})
