import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createProgram } from '../../src/commands/program.js'
import { type Child, gatehouse, runGatehouse } from '../support/child.js'
import { preparedDataDir } from '../support/database.js'
import { freePort } from '../support/free-port.js'

jest.setTimeout(120_000)

let folder: ReturnType<typeof preparedDataDir>
let port: number
let env: Record<string, string>

interface Client {
  client_id: string
  client_secret: string
}

async function start(): Promise<Child> {
  const child = runGatehouse(['serve'], env)
  await child.says('Gatehouse listens at')
  return child
}

async function token({ client_id, client_secret }: Client): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret })
  const answer = await fetch(`http://localhost:${port}/oauth/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function statusWith(bearer: string, path: string): Promise<number> {
  const answer = await fetch(`http://localhost:${port}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
  await answer.arrayBuffer()
  return answer.status
}

beforeAll(async () => {
  folder = preparedDataDir('migrated')
  port = await freePort()
  env = { PORT: String(port), DATA_DIR: folder.path, BCRYPT_COST: '4', NODE_ENV: 'production' }
})

afterAll(() => folder.remove())

describe('commands', () => {
  test('create-organization makes an owner whose printed credential works', async () => {
    const { code, output } = await gatehouse(
      ['create-organization', '--name', 'Acme & Söhne', '--owner-email', 'Ada@Example.com', '--json'],
      env,
    )
    expect([code, output]).toEqual([0, expect.any(String)])
    const made = JSON.parse(output)
    expect(made).toMatchObject({ organization: { slug: 'acme-sohne' }, owner: { email: 'ada@example.com' } })
    const service = await start()
    expect(await statusWith(await token(made.owner), `/api/organizations/${made.organization.id}`)).toBe(200)
    await service.stop('SIGTERM')
  })

  test('create-organization for an address with an account, or without a name, says what to do', async () => {
    const ask = async (name: string, owner: string) => {
      const { code, output } = await gatehouse(['create-organization', '--name', name, '--owner-email', owner], env)
      return [code, output]
    }
    const [code, output] = await ask('Another', 'ada@example.com')
    expect([code, output]).toEqual([1, expect.stringContaining('has an account already. Sign in with it')])
    expect(output).not.toContain('users_email_uq')
    expect(await ask(' ', 'grace@example.com')).toEqual([1, expect.stringContaining('--name')])
  })

  test('keys rotate publishes the next key, which old tokens survive', async () => {
    const rotated = await gatehouse(['keys', 'rotate', '--json'], env)
    expect(rotated.code).toBe(0)
    const { kid, identity_kid } = JSON.parse(rotated.output)
    const service = await start()
    const jwks = (await (await fetch(`http://localhost:${port}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[]
    }
    expect(jwks.keys).toHaveLength(4)
    expect(jwks.keys.map((key) => key.kid)).toEqual(expect.arrayContaining([kid, identity_kid]))
    await service.stop('SIGTERM')
  })

  test('demo makes one, and another beside it', async () => {
    for (const slug of [/^demo$/, /^demo-[0-9a-f]+$/]) {
      const { code, output } = await gatehouse(['demo', '--json'], env)
      expect(code).toBe(0)
      expect(JSON.parse(output).organization.slug).toMatch(slug)
    }
  })

  test('migrate finds nothing to do', async () => {
    const { code, output } = await gatehouse(['migrate', '--json'], env)
    expect([code, JSON.parse(output)]).toEqual([0, { applied: [] }])
  })

  test.each([
    [['keys', 'rotate', '--emergency']],
    [['keys', 'withdraw', 'a'.repeat(64)]],
    [['migrate', '--rollback', '1']],
  ])('%j changes what is there, and makes no database to say it was done', async (command) => {
    const empty = mkdtempSync(join(tmpdir(), 'gatehouse-spec-'))
    const { code, output } = await gatehouse(command, { ...env, DATA_DIR: empty })
    expect([code, output]).toEqual([1, expect.stringContaining('DATABASE_URL is not set')])
    expect(readdirSync(empty)).toEqual([])
    rmSync(empty, { recursive: true })
  })

  test('each has its help, and an unknown one ends with 1', async () => {
    const { code, output } = await gatehouse(['keys', 'rotate', '--help'], {})
    expect([code, output]).toEqual([0, expect.stringContaining('Usage: gatehouse keys rotate')])
    const program = createProgram({ env: {}, out: () => undefined, onSignal: () => undefined })
    const names = program.commands.map((command) => command.name())
    expect(names).toEqual(['serve', 'migrate', 'demo', 'create-organization', 'login', 'keys', 'openapi', 'resources'])
    for (const command of program.commands) expect(command.description()).toMatch(/^[A-Z].*\.$/)
    expect((await gatehouse(['nonsense'], {})).code).toBe(1)
  })

  test('openapi and resources need no configuration', async () => {
    expect((await gatehouse(['openapi'], {})).output).toMatch(/^openapi: 3\.1/)
    const { output } = await gatehouse(['resources', '--json'], {})
    expect(JSON.parse(output).map((one: { name: string }) => one.name)).toContain('memberships')
  })
})
