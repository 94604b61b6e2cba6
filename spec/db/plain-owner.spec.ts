import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import pg from 'pg'
import { connect, type Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { jobs } from '../../src/jobs/index.js'
import { anOwner, api, call, resource, tokenFor } from '../support/api.js'
import { aBrowser } from '../support/browser.js'
import { aSignedUp, signIn } from '../support/entrance.js'
import { runJob } from '../support/jobs.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { type Service, startService } from '../support/service.js'

// In production the service logs in as the owner of its database, who is no superuser: row security is forced on that
// role, and since PostgreSQL 16 it has to be given the roles that it makes.

jest.setTimeout(90_000)

let server: Postgres
let admin: pg.Client
let db: Database

beforeAll(async () => {
  server = await startPostgres()
  const password = randomBytes(8).toString('hex')
  const setup = new pg.Client({ connectionString: server.url() })
  await setup.connect()
  await setup.query(`create role plain_owner login createrole password '${password}'`)
  await setup.query('create database plain owner plain_owner')
  await setup.end()
  admin = new pg.Client({ connectionString: server.url('plain') })
  await admin.connect()
  const url = Object.assign(new URL(server.url('plain')), { username: 'plain_owner', password })
  db = await connect({ databaseUrl: url.href, dataDir: '', poolSize: 4, log: () => undefined })
})
afterAll(async () => {
  await db?.close()
  await admin?.end()
  await server?.stop()
})

test('everything works for an owner of the database who is no superuser: migrating, serving, the jobs, the purge', async () => {
  await migrate(db)
  const service = await startService({ db })
  try {
    const owner = await anOwner(service)
    const path = `/organizations/${owner.organizationId}`
    const confirmed = `${path}?confirm=${owner.organization.attributes.slug}`
    expect((await owner.delete(confirmed)).status).toBe(204)
    expect((await owner.post(`${path}/restore`)).status).toBe(202)
    expect((await owner.delete(confirmed)).status).toBe(204)
    await admin.query(`update organizations set deleted_at = now() - interval '31 days'`)
    for (const job of jobs) await runJob(service, job)
    const left = await admin.query(
      'select (select count(*) from organizations)::int as organizations, (select count(*) from versions)::int as versions',
    )
    expect(left.rows).toEqual([{ organizations: 0, versions: 0 }])
  } finally {
    await service.stop()
  }
})

const JSON_API = { 'content-type': 'application/vnd.api+json' }

/** What docs/operations/keys.md tells to run when SECRET_KEY is lost. */
const LOST = /```sql\n(.*?)```/s.exec(readFileSync('docs/operations/keys.md', 'utf8'))?.[1] ?? ''

test('a lost SECRET_KEY: with what the operations say another one serves, people sign in, secrets are made anew', async () => {
  const first = await startService({ db })
  const person = await aSignedUp(first)
  const mine = api(first, await tokenFor(first, person))
  const organizationId: string = (await mine.post('/organizations', resource('organizations', { name: 'Acme' }))).body
    .data.id
  const there = { organization: ['organizations', organizationId] as [string, string] }
  const channel = resource('api_credentials', { name: 'Shop', kind: 'sales_channel' }, there)
  const { id } = (await mine.post('/api_credentials', channel)).body.data
  // Its answer is kept under the lost key.
  const once = (at: Service, token: string) => {
    const headers = { ...JSON_API, authorization: `Bearer ${token}`, 'idempotency-key': 'once' }
    const body = JSON.stringify(resource('merchants', { name: 'Once' }, there))
    return call(at, '/api/merchants', { method: 'POST', headers, body })
  }
  expect((await once(first, await tokenFor(first, person))).status).toBe(201)
  await first.stop()

  const env = { SECRET_KEY: 'another master key, which is no secret either' }
  await expect(startService({ db, env })).rejects.toThrow('The SECRET_KEY is not the one')
  await db.knex.raw(LOST)
  const second = await startService({ db, env })
  try {
    await expect(tokenFor(second, person)).rejects.toThrow('invalid_client')
    const browser = aBrowser(second)
    expect((await signIn(browser, person)).status).toBe(303)
    const page = await browser.get('/account/credential')
    const made = await browser.submit(
      page,
      {},
      { form: page.forms.findIndex(({ action }) => action.endsWith('/secret')) },
    )
    // Tokens of before are told by their second.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const token = await tokenFor(second, {
      clientId: person.clientId,
      clientSecret: /gh_user_[\w-]+/.exec(made.html)?.[0] ?? '',
    })
    expect((await once(second, token)).status).toBe(201)
    const { body } = await api(second, token).post(`/api_credentials/${id}/rotate_secret`, {
      data: { attributes: { overlap_seconds: 0 } },
    })
    const { client_id: clientId, client_secret: clientSecret } = body.data.attributes
    expect(await tokenFor(second, { clientId, clientSecret })).toMatch(/^ey/)
  } finally {
    await second.stop()
  }
})
