import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type Child, gatehouse, runGatehouse } from '../support/child.js'
import { createDatabase, realPostgres, temporaryFolder } from '../support/database.js'
import { freePort } from '../support/free-port.js'

jest.setTimeout(120_000)

interface Client {
  client_id: string
  client_secret: string
}

let server: Awaited<ReturnType<typeof realPostgres>>
let database: Awaited<ReturnType<typeof createDatabase>> | undefined
let folder: ReturnType<typeof temporaryFolder>
let env: Record<string, string>
const instances: { child: Child; url: string }[] = []

async function start(): Promise<void> {
  const port = await freePort()
  const child = runGatehouse(['serve'], { ...env, PORT: String(port) })
  instances.push({ child, url: `http://127.0.0.1:${port}` })
  await child.says('"msg":"listening"')
}

const urlOf = (index: number): string => instances[index]?.url ?? ''

beforeAll(async () => {
  server = await realPostgres()
  database = await createDatabase(server.url())
  folder = temporaryFolder()
  env = {
    DATABASE_URL: database.url,
    SECRET_KEY: 'one master key for every instance of this spec',
    DOMAIN: 'gatehouse.test',
    HOST: '127.0.0.1',
    BCRYPT_COST: '4',
    NODE_ENV: 'production',
    DATA_DIR: folder.path,
  }
  await Promise.all([start(), start()])
})

afterAll(async () => {
  for (const { child } of instances) if (child.process.exitCode === null) await child.stop('SIGKILL')
  await database?.drop()
  await server.stop()
  folder.remove()
})

async function tokenAt(index: number, client: Partial<Client>): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...client })
  const answer = await fetch(`${urlOf(index)}/oauth/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function statusAt(index: number, token: string): Promise<number> {
  const answer = await fetch(`${urlOf(index)}/api/application`, { headers: { authorization: `Bearer ${token}` } })
  await answer.arrayBuffer()
  return answer.status
}

describe('two instances started at once on one empty PostgreSQL', () => {
  test('share one signing key of each purpose', async () => {
    const kids = await Promise.all(
      [0, 1].map(async (index) => {
        const answer = await fetch(`${urlOf(index)}/.well-known/jwks.json`)
        return ((await answer.json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid)
      }),
    )
    expect(kids[0]).toHaveLength(2)
    expect(kids[1]).toEqual(kids[0])
  })

  test('make no demo by themselves; `gatehouse demo` prints one, which works on both', async () => {
    // Nothing but log lines: what collects them expects JSON.
    for (const { child } of instances) expect(child.output()).toMatch(/^(\{.*\}\n)+$/)
    const { code, output } = await gatehouse(['demo', '--json'], env)
    expect(code).toBe(0)
    const channel = (JSON.parse(output) as { sales_channel: Client }).sales_channel
    const token = await tokenAt(0, { client_id: channel.client_id })
    expect([await statusAt(0, token), await statusAt(1, token)]).toEqual([200, 200])
    const body = new URLSearchParams({ client_id: channel.client_id, token })
    const revoked = await fetch(`${urlOf(0)}/oauth/revoke`, { method: 'POST', body })
    expect(revoked.status).toBe(200)
    const before = performance.now()
    while ((await statusAt(1, token)) === 200 && performance.now() - before < 3000) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await statusAt(1, token)).toBe(401)
    expect(performance.now() - before).toBeLessThan(1000)
  })

  test('another master key is refused at the start', async () => {
    const other = { ...env, SECRET_KEY: 'quite another master key, put there by mistake' }
    const { code, output } = await gatehouse(['serve'], { ...other, PORT: String(await freePort()) })
    expect(code).toBe(1)
    expect(output).toContain('SECRET_KEY is not the one this database was made with')
  })

  test('a bad DATABASE_URL names itself and hides the password', async () => {
    const url = 'postgres://someone:hush-hush@127.0.0.1:1/nothing'
    const { code, output } = await gatehouse(['serve'], { ...env, DATABASE_URL: url })
    expect(code).toBe(1)
    expect(output).toContain('DATABASE_URL')
    expect(output).not.toContain('hush-hush')
  })

  test('both end with 0', async () => {
    const codes = await Promise.all(instances.map(({ child }) => child.stop('SIGTERM')))
    expect(codes).toEqual([0, 0])
  })
})
