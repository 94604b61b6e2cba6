import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type Child, gatehouse, runGatehouse } from '../support/child.js'
import { temporaryFolder } from '../support/database.js'
import { freePort } from '../support/free-port.js'

jest.setTimeout(120_000)

const run = promisify(execFile)
const LISTENING = 'Gatehouse listens at'

let folder: ReturnType<typeof temporaryFolder>
let port: number
let env: Record<string, string>
let service: Child

interface Demo {
  base_url: string
  owner: { client_id: string; client_secret: string }
  [name: string]: unknown
}

const credentialsFile = (): string => join(folder.path, 'demo-credentials.json')
const demo = (): Demo => JSON.parse(readFileSync(credentialsFile(), 'utf8'))

async function start(): Promise<Child> {
  const child = runGatehouse(['serve'], env)
  await child.says(LISTENING)
  return child
}

async function token({ client_id, client_secret }: { client_id: string; client_secret: string }): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret })
  const answer = await fetch(`${demo().base_url}/oauth/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function statusWith(bearer: string, path: string): Promise<number> {
  const answer = await fetch(`${demo().base_url}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
  await answer.arrayBuffer()
  return answer.status
}

beforeAll(async () => {
  folder = temporaryFolder()
  port = await freePort()
  env = { PORT: String(port), DATA_DIR: folder.path, BCRYPT_COST: '4', NODE_ENV: 'production' }
  service = await start()
})

afterAll(async () => {
  if (service.process.exitCode === null) await service.stop('SIGKILL')
  folder.remove()
})

describe('the first start on an empty directory', () => {
  test('writes the demo credentials for the owner of the file only', () => {
    expect(statSync(credentialsFile()).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder.path, 'secret.key')).mode & 0o777).toBe(0o600)
    const client = { client_id: expect.any(String), client_secret: expect.stringMatching(/^gh_/) }
    const person = { id: expect.any(String), email: expect.any(String), password: expect.any(String), ...client }
    expect(demo()).toMatchObject({
      base_url: `http://localhost:${port}`,
      issuer: `http://localhost:${port}`,
      organization: { id: expect.stringMatching(/^[A-Za-z]{10}$/), slug: 'demo' },
      owner: person,
      member: person,
      sales_channel: client,
      integration: client,
      read_only_integration: client,
      webapp: { ...client, redirect_uri: expect.any(String) },
      spa: { client_id: expect.any(String), redirect_uri: expect.any(String) },
      customer: { id: expect.any(String), email: expect.any(String), password: expect.any(String) },
      market_scope: 'market:code:usa',
      store_scope: 'market:code:usa store:code:new-york',
      other_organization: { id: expect.any(String), slug: 'other', owner: person, integration: client },
    })
  })

  test('the scopes of the demo get tokens', async () => {
    const {
      sales_channel: client,
      market_scope,
      store_scope,
    } = demo() as unknown as {
      sales_channel: Demo['owner']
      market_scope: string
      store_scope: string
    }
    for (const scope of [market_scope, store_scope]) {
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: client.client_id, scope })
      const answer = await fetch(`${demo().base_url}/oauth/token`, { method: 'POST', body })
      expect(await answer.json()).toMatchObject({ scope, token_type: 'bearer' })
    }
  })

  test('prints three lines that work as printed, each on its own', async () => {
    const lines = service.output().match(/^ {2}curl .*$/gm) ?? []
    expect(lines).toHaveLength(3)
    const answers = await Promise.all(lines.map((line) => run('sh', ['-c', line])))
    const [owner, organizations, application] = answers.map(({ stdout }) => JSON.parse(stdout))
    expect(owner).toMatchObject({ token_type: 'bearer', expires_in: 7200 })
    expect(organizations.data.map((one: { attributes: { slug: string } }) => one.attributes.slug)).toEqual(['demo'])
    expect(application.data).toMatchObject({ type: 'applications', attributes: { kind: 'sales_channel' } })
  })

  test('seats the member at once and keeps the two organizations apart', async () => {
    const {
      member,
      organization,
      other_organization: other,
    } = demo() as unknown as {
      member: Demo['owner']
      organization: { id: string }
      other_organization: { id: string }
    }
    const bearer = await token(member)
    expect(await statusWith(bearer, `/api/organizations/${organization.id}`)).toBe(200)
    expect(await statusWith(bearer, `/api/organizations/${other.id}`)).toBe(404)
  })

  test('logs no secret', () => {
    const logged = service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .join('\n')
    const { client_secret } = demo().owner
    expect(logged).toContain('"msg":"listening"')
    expect(logged).not.toContain(client_secret)
  })
})

describe('another start', () => {
  test('on the port in use says so and ends with 1', async () => {
    const other = temporaryFolder()
    const { code, output } = await gatehouse(['serve'], { ...env, DATA_DIR: other.path })
    other.remove()
    expect(code).toBe(1)
    expect(output).toContain(`Port ${port} is in use`)
  })

  test('with bad variables names each and ends with 1', async () => {
    const { code, output } = await gatehouse(['serve'], { PORT: 'many', TOKEN_ALG: 'none', DATA_DIR: folder.path })
    expect(code).toBe(1)
    expect(output).toContain('PORT:')
    expect(output).toContain('TOKEN_ALG:')
    expect(output).not.toContain('    at ')
  })

  test('F1 after kill -9 keeps keys, tokens and what was acknowledged, and makes no second demo', async () => {
    const before = demo()
    const bearer = await token(before.owner)
    const { organization } = before as unknown as { organization: { id: string } }
    const data = { type: 'organizations', id: organization.id, attributes: { name: 'Named before the crash' } }
    const answer = await fetch(`${before.base_url}/api/organizations/${organization.id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/vnd.api+json' },
      body: JSON.stringify({ data }),
    })
    expect(answer.status).toBe(200)
    expect(await service.stop('SIGKILL')).toBe('SIGKILL')
    service = await start()
    expect(service.output()).not.toContain('curl')
    expect(demo()).toEqual(before)
    const again = await fetch(`${before.base_url}/api/organizations/${organization.id}`, {
      headers: { authorization: `Bearer ${bearer}` },
    })
    expect(await again.json()).toMatchObject({ data: { attributes: { name: 'Named before the crash' } } })
  })

  test('SIGTERM, even twice, ends it with 0, in order and soon', async () => {
    const started = performance.now()
    service.process.kill('SIGTERM')
    expect(await service.stop('SIGTERM')).toBe(0)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(service.output()).toContain('"msg":"stopped"')
  })
})

test('the port of a stopped service is free again', async () => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  await new Promise((resolve) => server.close(resolve))
})
