import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import pg from 'pg'
import { connect, type Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { jobs } from '../../src/jobs/index.js'
import { anOwner } from '../support/api.js'
import { runJob } from '../support/jobs.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { startService } from '../support/service.js'

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
