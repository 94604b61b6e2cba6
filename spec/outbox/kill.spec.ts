import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createSecrets } from '../../src/crypto/secrets.js'
import { connect, type Database } from '../../src/db/connect.js'
import { newId } from '../../src/ids.js'
import { type Body, resource } from '../support/api.js'
import { type Child, gatehouse, runGatehouse } from '../support/child.js'
import { createMigratedDatabase, realPostgres, temporaryFolder } from '../support/database.js'
import { freePort } from '../support/free-port.js'
import { startSmtp, tokenIn } from '../support/smtp.js'

// DESIGN 3.8: no mail without the change, no change without the mail, however the process ends.

jest.setTimeout(120_000)

interface Client {
  client_id: string
  client_secret: string
}

const SECRET_KEY = 'one master key for the service that is killed'
const ROUNDS = 4
const INVITATIONS = 30

let server: Awaited<ReturnType<typeof realPostgres>>
let database: Awaited<ReturnType<typeof createMigratedDatabase>>
let folder: ReturnType<typeof temporaryFolder>
let smtp: Awaited<ReturnType<typeof startSmtp>>
let db: Database
let env: Record<string, string>
let demo: { organization: { id: string }; owner: Client }
let child: Child
let url: string
let headers: Record<string, string>
let roleId: string

beforeAll(async () => {
  server = await realPostgres()
  database = await createMigratedDatabase(server.url())
  folder = temporaryFolder()
  smtp = await startSmtp()
  env = {
    DATABASE_URL: database.url,
    SECRET_KEY,
    SMTP_URL: smtp.url,
    MAIL_FROM: 'Gatehouse <no-reply@gatehouse.test>',
    DOMAIN: 'gatehouse.test',
    HOST: '127.0.0.1',
    BCRYPT_COST: '4',
    NODE_ENV: 'production',
    DATA_DIR: folder.path,
  }
  const { output } = await gatehouse(['demo', '--json'], env)
  demo = JSON.parse(output)
  db = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 2, log: () => undefined })
})
afterAll(async () => {
  if (child?.process.exitCode === null) await child.stop('SIGKILL')
  await db?.close()
  await database?.drop()
  await server?.stop()
  await smtp?.stop()
  folder?.remove()
})

async function start(): Promise<void> {
  const port = await freePort()
  child = runGatehouse(['serve'], { ...env, PORT: String(port) })
  url = `http://127.0.0.1:${port}`
  await child.says('"msg":"listening"')
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...pick(demo.owner) })
  const token = (await (await fetch(`${url}/oauth/token`, { method: 'POST', body })).json()) as Body
  headers = { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/vnd.api+json' }
  const roles = (await (await fetch(`${url}/api/roles?filter[q][name_eq]=Member`, { headers })).json()) as Body
  roleId = roles.data.find((role: Body) => role.attributes.kind === 'custom').id
}
const pick = ({ client_id, client_secret }: Client): Record<string, string> => ({ client_id, client_secret })

/** Status of an invitation, or 0 where the service died before it could answer. */
async function invite(email: string): Promise<number> {
  const links: Record<string, [string, string]> = {
    organization: ['organizations', demo.organization.id],
    role: ['roles', roleId],
  }
  const body = JSON.stringify(resource('memberships', { user_email: email }, links))
  return fetch(`${url}/api/memberships`, { method: 'POST', headers, body }).then(
    // What is not read keeps the connection busy.
    (answer) => answer.arrayBuffer().then(() => answer.status),
    () => 0,
  )
}

/** As `invite`, and asks again while the service says that it is too busy: thirty at once may be more than it lets in. */
async function insistently(email: string): Promise<number> {
  for (;;) {
    const status = await invite(email)
    if (status !== 429 && status !== 503) return status
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The claims of the dead instance run out, as they would by themselves in a minute or two. */
async function leasesRunOut(): Promise<void> {
  await db.knex('jobs').update({ locked_until: null, next_run_at: new Date(0) })
  await db
    .knex('outbox')
    .whereNull('sent_at')
    .update({ next_attempt_at: new Date(0) })
}

const until = async (what: () => Promise<boolean> | boolean): Promise<void> => {
  const deadline = Date.now() + 30_000
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error('it never came to that')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const waiting = async (): Promise<number> => (await db.knex('outbox').whereNull('sent_at')).length
const address = (): string => `${newId().toLowerCase()}@example.com`

test('F21 killed while the mail server has the mail in hand: it is sent again, under the same Message-ID', async () => {
  await start()
  const email = address()
  smtp.hold(true)
  expect(await invite(email)).toBe(201)
  await until(async () => (await db.knex('outbox').where({ attempts: 1 })).length === 1)
  const [row] = await db.knex('outbox')
  await child.stop('SIGKILL')
  smtp.hold(false)
  expect(smtp.mails).toEqual([])
  await leasesRunOut()
  await start()
  await until(() => smtp.mails.length > 0)
  expect(smtp.mails.map(({ to, headers: sent }) => [to, sent['message-id']])).toEqual([
    [[email], `<${row.id}@gatehouse.test>`],
  ])
  await until(async () => (await waiting()) === 0)
})

test('killed at any moment: every invitation that happened has its mail, and no other has', async () => {
  const answered: string[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const addresses = Array.from({ length: INVITATIONS }, address)
    const requests = addresses.map(async (email) => {
      if ((await insistently(email)) === 201) answered.push(email)
    })
    // In the middle of it, whatever the speed of the machine.
    const enough = answered.length + 3 * (round + 1)
    await until(() => answered.length >= enough)
    await child.stop('SIGKILL')
    await Promise.all(requests)
    await leasesRunOut()
    await start()
  }
  await until(async () => (await waiting()) === 0)
  const seats: Body[] = await db.knex('memberships').where({ status: 'pending' })
  const invited = new Set(seats.map(({ user_email }) => user_email))
  expect(answered.filter((email) => !invited.has(email))).toEqual([])
  expect(new Set(smtp.mails.flatMap(({ to }) => to))).toEqual(invited)
  // The rounds were cut short indeed, and not before anything had happened.
  expect(invited.size).toBeGreaterThan(ROUNDS)
  expect(answered.length).toBeLessThan(ROUNDS * INVITATIONS)
  // Each link opens the seat it was sent for.
  const { readMasterKey } = await import('../../src/crypto/master-key.js')
  const secrets = createSecrets(await readMasterKey({ secretKey: SECRET_KEY, dataDir: folder.path } as never))
  const hashes = new Map(seats.map((seat) => [seat.user_email, seat.invitation_token_hash]))
  for (const { to, text } of smtp.mails) expect(secrets.hash(tokenIn(text))).toBe(hashes.get(to[0]))
  expect(child.output()).not.toContain('gh_invite_')
})

test('an invitation that is refused sends nothing', async () => {
  const before = smtp.mails.length
  const [taken] = await db.knex('memberships').where({ status: 'pending' }).limit(1)
  expect(await invite(taken.user_email)).toBe(409)
  expect(await invite('nobody')).toBe(422)
  const fresh = address()
  expect(await invite(fresh)).toBe(201)
  await until(() => smtp.mails.some(({ to }) => to[0] === fresh))
  expect(smtp.mails).toHaveLength(before + 1)
})

test('it stops gently, with mails on their way', async () => {
  for (const email of [address(), address(), address()]) expect(await invite(email)).toBe(201)
  expect(await child.stop('SIGTERM')).toBe(0)
})
