import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { Router } from 'express'
import { parse } from 'yaml'
import { openapi } from '../src/commands/openapi.js'
import { healthPaths } from '../src/http/openapi.js'
import { createRouters } from '../src/jsonapi/routes.js'
import { createOAuth } from '../src/oauth/routes.js'
import { createUserinfo } from '../src/oauth/userinfo.js'
import { schemaPaths } from '../src/pages/schemas.js'
import { compileResources } from '../src/resources/index.js'

interface Layer {
  /** Of a router within a router. */
  readonly handle?: { readonly stack?: Layer[] }
  readonly route?: {
    readonly path: string | string[]
    readonly methods: Record<string, boolean>
    readonly stack: { method?: string }[]
  }
}
interface Described {
  readonly responses: Record<string, unknown>
}

const committed = readFileSync('openapi.yaml', 'utf8')
const description = parse(committed) as { paths: Record<string, Record<string, Described>>; info: { version: string } }
const registry = compileResources({ domain: 'localhost:3000' })

async function printed(): Promise<string> {
  const words: string[] = []
  await openapi({ env: {}, out: (text) => void words.push(text), onSignal: () => undefined }, {})
  return words.join('')
}

/** Method and path of everything that a router has handlers for, `OPTIONS` and catch-alls aside. */
function routesOf(router: Router): string[] {
  return (router.stack as unknown as Layer[]).flatMap(({ route, handle }) => {
    if (handle?.stack !== undefined) return routesOf(handle as unknown as Router)
    const methods = (route?.stack ?? []).flatMap(({ method }) =>
      method === undefined || method === 'options' ? [] : [method.toUpperCase()],
    )
    return [route?.path ?? []].flat().flatMap((path) => [...new Set(methods)].map((method) => `${method} ${path}`))
  })
}

/** A route as the description writes it; none where it stands only to refuse what a relationship does not allow. */
function described(route: string): string[] {
  const [method = '', path = ''] = route.split(' ')
  const [, type = '', name = ''] = /^\/([a-z_]+)(?:\/:id)?\/relationships\/([a-z_]+)$/.exec(path) ?? []
  const relationship = registry.resources.get(type)?.relationships.get(name)
  const isChanged = relationship !== undefined && (relationship.options.can as readonly string[]).includes('update')
  const isServed = method === 'GET' || (isChanged && (method === 'PATCH' || relationship.many))
  const isRefused = relationship !== undefined && !isServed
  return isRefused ? [] : [`${method} ${path.replace(':id', '{id}')}`]
}

test('openapi.yaml is what the code says; if not: npm run openapi', async () => {
  expect(await printed()).toBe(committed)
})

test('openapi.yaml has the version of the package', () => {
  expect(description.info.version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version)
})

describe('two public linters find nothing wrong', () => {
  test.each(['spec', 'recommended-strict'] as const)('Redocly, rules "%s"', async (rules) => {
    // The file names the addresses of a service started with nothing set.
    const config = await createConfig({ extends: [rules], rules: { 'no-server-example.com': 'off' } })
    const problems = await lintFromString({ source: committed, absoluteRef: 'openapi.yaml', config })
    expect(problems.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }))).toEqual([])
  })

  test('Redocly does find what is wrong', async () => {
    const config = await createConfig({ extends: ['spec'] })
    const source = committed.replace('operationId: list_roles', 'operationIdentity: list_roles')
    expect(await lintFromString({ source, absoluteRef: 'openapi.yaml', config })).not.toEqual([])
  })

  test('the JSON Schema of OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(parse(committed))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
    expect((await validator.validate({ ...parse(committed), paths: { roles: {} } })).valid).toBe(false)
  })
})

describe('every endpoint of the router is described, and nothing else', () => {
  let endpoints: string[]
  beforeAll(() => {
    const api = createRouters({
      registry,
      apiUrl: 'http://localhost:3000/api',
      run: () => Promise.reject(new Error('not called')),
    })
    const parts = {
      config: { issuer: 'http://localhost:3000', apiUrl: '' },
      db: {},
      revocations: { onChange: () => undefined },
      onError: () => undefined,
    }
    const oauth = createOAuth(parts as unknown as Parameters<typeof createOAuth>[0]).router
    const userinfo = createUserinfo(parts as unknown as Parameters<typeof createUserinfo>[0])
    const others = [...Object.keys({ ...healthPaths, ...schemaPaths }), '/oauth/tokeninfo']
    const health = others.map((path) => `GET ${path}`)
    endpoints = [
      ...new Set([
        ...[...api.values()].flatMap(routesOf).flatMap(described),
        ...routesOf(oauth),
        ...routesOf(userinfo),
        ...health,
      ]),
    ]
      .filter((one) => !one.startsWith('_ALL'))
      .sort()
  })

  test('each method of each path', () => {
    const all = Object.entries(description.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((member) => ['get', 'post', 'patch', 'put', 'delete'].includes(member))
        .map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(all.sort()).toEqual(endpoints)
    expect(endpoints.length).toBeGreaterThan(70)
  })

  test('each says what a success and a refusal look like', () => {
    const bare = Object.entries(description.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(
          ([, { responses }]) =>
            responses !== undefined &&
            !(Object.keys(responses).some((key) => key.startsWith('2')) && '4XX' in responses),
        )
        .map(([method]) => `${method} ${path}`),
    )
    expect(bare).toEqual([])
  })
})
