import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { PREDICATES, suits } from '../src/jsonapi/predicates.js'
import { can, type Resource } from '../src/jsonapi/registry.js'
import { compileResources } from '../src/resources/index.js'
import { anApplication, anOwner, type Body, type Owner, resource } from './support/api.js'
import { createFuzzer, type FuzzRequest, type FuzzWorld, type Operation, seeded } from './support/fuzz.js'
import { createWireClient, faultOf } from './support/fuzz-judge.js'
import { description } from './support/openapi.js'
import { type Service, startService } from './support/service.js'

/** FUZZ_SEED=n tries other requests, FUZZ_REQUESTS=n about so many of them (more in a release: 100000); a report names its seed. */
const SEED = Number(process.env.FUZZ_SEED ?? (process.env.SPEC_ENGINE === 'postgresql' ? 2 : 1))
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1200)
const AT_ONCE = 8
const SECONDS = 1_000
const LONGEST = Math.max(120, REQUESTS / 20) * SECONDS
/** Of a release: it takes minutes. */
const isLong = REQUESTS > 10_000
const MEDIA_TYPE = 'application/vnd.api+json'

const registry = compileResources({ domain: 'gatehouse.test' })
const schemas = (description.components as { schemas: Record<string, unknown> }).schemas
const METHODS = ['get', 'post', 'patch', 'delete']

const operations: Operation[] = Object.entries(description.paths)
  .flatMap(([template, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      ...(item[method] as unknown as Operation),
      template,
      method: method.toUpperCase(),
    })),
  )
  .map((one) => ({ ...one, tag: (one as unknown as { tags: string[] }).tags[0] ?? '' }))
/** The first endpoint of each kind that takes a body: what reads it is the same for all types. */
const kindOf = ({ method, template, tag }: Operation): string =>
  `${method} ${tag === 'oauth' || tag === 'operations' ? template : template.replaceAll(/[a-z_]{3,}/g, 'x')}`
const withBody = operations.filter(({ requestBody }) => requestBody !== undefined)
const kinds = withBody.filter((one) => withBody.find((other) => kindOf(other) === kindOf(one)) === one)
/** In a long run every shape stands in every place. Otherwise a few do where all of them have been: the fields of an update
 *  are read like those of a create, and the later operations of a request like its first. */
const thorough =
  ({ method, template, tag }: Operation) =>
  (keys: readonly string[]): boolean => {
    if (isLong) return true
    if (tag === 'operations') return keys.length < 2 || keys[1] === '0'
    return method !== 'PATCH' || template.includes('/relationships/') || keys[1] !== 'attributes'
  }

/** What is asked of one furnished organization, by tag: deletes have another, and those of what others need come last. So do
 *  the organizations that are made on the way: whoever has forty waits longer for everything. */
const isDelete = ({ method }: Operation): boolean => method === 'DELETE'
const founds = ({ tag }: Operation): number => Number(tag === 'organizations')
const tagged = (list: Operation[]): [tag: string, operations: Operation[]][] =>
  [...new Set(list.map(({ tag }) => tag))].map((tag) => [tag, list.filter((one) => one.tag === tag)])
const phases: [what: string, tags: [string, Operation[]][]][] = [
  ['endpoint', tagged(operations.filter((one) => !isDelete(one)).sort((a, b) => founds(a) - founds(b)))],
  ['delete', tagged(operations.filter(isDelete)).reverse()],
]

/** What is written has more places to break than what is asked. */
const weightOf = ({ requestBody, tag }: Operation): number =>
  requestBody === undefined ? 1 : tag === 'operations' ? 8 : 2
const EACH = Math.ceil(REQUESTS / operations.reduce((sum, one) => sum + weightOf(one), 0))

const collections = [...registry.resources.values()].filter(({ definition }) => definition.verbs.list)

let service: Service
let wire: ReturnType<typeof createWireClient>
const secrets: string[] = []
const statuses = new Map<number, number>()
/** Told once that the service was busy, and to come again. */
let busy = 0
/** What is held after each part, of this process, in which the service runs. */
const levels: { requests: number; megabytes: number }[] = []
const total = (): number => [...statuses.values()].reduce((sum, count) => sum + count, 0)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

let lines = 0

/** Each line is looked at, and forgotten: what is held must be the service's. */
function checkLog(): void {
  const logs = service.logs.splice(0)
  lines += logs.length
  const text = logs.map((line) => JSON.stringify(line)).join('\n')
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  expect(text).not.toContain('drop table')
  expect(
    logs.filter(({ level, err }) => level >= 50 && (err as { kind?: string } | undefined)?.kind !== 'unavailable'),
  ).toEqual([])
}

/** Live objects and buffers: what the collector leaves. */
function megabytesHeld(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

beforeAll(async () => {
  service = await startService()
  wire = createWireClient(service.url, AT_ONCE)
})
afterAll(async () => {
  wire.close()
  await service.stop()
})

const idsOf = async (owner: Owner, type: string): Promise<string[]> =>
  (await owner.get(`/${type}?page[size]=100`)).body.data.map(({ id }: { id: string }) => id)

/** What a rule across fields asks of a new row, which no schema tells. */
const LINKED: Readonly<Record<string, (ids: Record<string, string[]>, index: number) => Record<string, unknown>>> = {
  application_memberships: (ids, index) => ({
    membership: { data: { type: 'memberships', id: ids.memberships?.[index + 1] } },
  }),
}

/** An organization with rows of every type, several where they may be deleted on the way. */
async function furnished(): Promise<{ owner: Owner; ids: Record<string, string[]> }> {
  const owner = await anOwner(service)
  const organization: Record<string, [string, string]> = { organization: ['organizations', owner.organizationId] }
  for (const index of [1, 2, 3]) {
    const role: Body = (await owner.post('/roles', resource('roles', { name: `Role ${index}` }, organization))).body
      .data
    const links: Record<string, [string, string]> = { ...organization, role: ['roles', role.id] }
    await owner.post(
      '/memberships',
      resource('memberships', { user_email: `m${index}-${role.id.toLowerCase()}@example.com` }, links),
    )
    const made = await anApplication(service, owner, 'integration', { roleId: role.id })
    secrets.push(made.clientSecret, made.token)
  }
  secrets.push(owner.clientSecret, owner.token)
  const ids: Record<string, string[]> = { organizations: [owner.organizationId] }
  for (const { name } of collections) {
    ids[name] = await idsOf(owner, name)
    const operation = operations.find((one) => one.template === `/${name}` && one.method === 'POST')
    if (operation === undefined || (ids[name]?.length ?? 0) > 0) continue
    const { leastBody } = createFuzzer(operation, worldOf(operation, owner, ids), seeded(1))
    for (let index = 0; index < 3; index += 1) {
      const body = leastBody()
      Object.assign(body.data.relationships ?? {}, LINKED[name]?.(ids, index))
      // Names of some types are unique.
      if (typeof body.data.attributes?.name === 'string') body.data.attributes.name += ` ${index}`
      const made = await owner.post(`/${name}`, body)
      expect([name, made.status, made.body.errors]).toEqual([name, 201, undefined])
    }
    ids[name] = await idsOf(owner, name)
  }
  return { owner, ids }
}

/** Filters that suit a resource's attributes, its own and those one relationship away. */
function filtersOf(found: Resource, prefix = ''): string[] {
  const own = [...found.attributes.values()].filter((one) => can(one, 'filter'))
  const names = own.flatMap(({ name, kind }) =>
    [...PREDICATES].filter(([, predicate]) => suits(predicate, kind)).map(([word]) => `${prefix}${name}_${word}`),
  )
  const near = [...found.relationships.values()].filter((one) => prefix === '' && !one.many && can(one, 'filter'))
  return [...names, ...near.flatMap(({ name, target }) => filtersOf(registry.get(target), `${name}_`))]
}

/** The resource whose rows an operation answers: of `/roles/{id}/permissions`, permissions. */
function answered({ template, tag }: Operation): Resource | undefined {
  const found = registry.resources.get(tag)
  const relationship = found?.relationships.get(template.split('/').at(-1) ?? '')
  return relationship === undefined ? found : registry.get(relationship.target)
}

/** One operation of each kind, of which the later ones use what the first has made. */
function severalOperations(owner: Owner, ids: Record<string, string[]>): Body {
  const { data } = resource(
    'roles',
    { name: 'Made by an operation' },
    { organization: ['organizations', owner.organizationId] },
  )
  const [, , , role] = ids.roles ?? []
  const operations = [
    { op: 'add', data: { ...data, lid: 'new' } },
    {
      op: 'update',
      ref: { type: 'roles', lid: 'new' },
      data: { type: 'roles', lid: 'new', attributes: { name: 'Renamed' } },
    },
    { op: 'update', href: `/roles/${role}`, data: { type: 'roles', id: role, attributes: { reference: 'x' } } },
    { op: 'remove', ref: { type: 'roles', lid: 'new' } },
  ]
  return { 'atomic:operations': operations }
}

function worldOf(operation: Operation, owner: Owner, ids: Record<string, string[]>): FuzzWorld {
  const found = answered(operation)
  const fields = found ? [...found.attributes.values(), ...found.relationships.values()] : []
  const isApi = operation.tag !== 'oauth' && operation.tag !== 'service'
  const [mediaType = MEDIA_TYPE] = Object.keys(operation.requestBody?.content ?? {})
  const json = { authorization: `Bearer ${owner.token}`, accept: mediaType, 'content-type': mediaType }
  return {
    base: isApi ? '/api' : '',
    ids,
    attributes: ['id', 'no_such', ...fields.filter((one) => can(one, 'read')).map(({ name }) => name)],
    filters: found ? filtersOf(found) : [],
    headers: isApi ? json : { 'content-type': 'application/json' },
    schemas: schemas as Record<string, never>,
    ...(operation.tag === 'operations' ? { document: severalOperations(owner, ids) } : {}),
  }
}

interface Report {
  readonly fault: string
  readonly request: string
}

const shown = ({ method, path, what, body }: FuzzRequest): string =>
  `${method} ${path.slice(0, 300)} (${what.slice(0, 300)}) ${String(body ?? '').slice(0, 300)}`

/** Sends the requests, several at once.  @returns what was wrong with the answers, and how many there were */
async function run(requests: readonly FuzzRequest[]): Promise<Report[]> {
  const reports: Report[] = []
  const queue = requests.values()
  const worker = async (): Promise<void> => {
    for (const asked of queue) {
      let answer = await wire.send(asked).catch((error: Error) => error)
      if (!(answer instanceof Error) && answer.status === 503 && answer.headers['retry-after'] !== undefined) {
        busy += 1
        await sleep(SECONDS)
        answer = await wire.send(asked).catch((error: Error) => error)
      }
      if (answer instanceof Error) {
        reports.push({ fault: String(answer), request: shown(asked) })
        continue
      }
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const fault = faultOf(asked, answer, service.url)
      if (fault) reports.push({ fault, request: shown(asked) })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return reports
}

const hostile = (operation: Operation, world: FuzzWorld, random: () => number): FuzzRequest[] => {
  const fuzzer = createFuzzer(operation, world, random)
  return Array.from({ length: EACH * weightOf(operation) }, (_, index) => fuzzer.next(index))
}

describe(`J12 J13 J14 J17 J18 J20 J22 no input makes a 5xx or an answer that openapi.yaml does not know (FUZZ_SEED=${SEED})`, () => {
  describe.each(phases)('every %s', (what, tags) => {
    let world: Awaited<ReturnType<typeof furnished>>
    let oauth: Record<string, Record<string, string>>

    // So many requests use up what is there.
    const each = isLong ? beforeEach : beforeAll
    each(async () => {
      world = await furnished()
      const { owner } = world
      const app = await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
      secrets.push(app.clientSecret, app.token)
      const client = { client_id: app.clientId, client_secret: app.clientSecret }
      oauth = {
        '/oauth/token': { grant_type: 'client_credentials', ...client, scope: 'market:all' },
        '/oauth/revoke': { ...client, token: app.token },
      }
    }, 120 * SECONDS)

    test.each(tags.map(([tag, list], index) => [tag, list, index] as const))(
      'of %s',
      async (tag, list, index) => {
        const random = seeded(SEED * 1_000 + index + (what === 'delete' ? 500 : 0))
        const { owner, ids } = world
        // What is furnished is shared: nothing that came before may have taken it away.
        for (const type of new Set([tag, 'roles', 'memberships']))
          if (ids[type] !== undefined) expect([type, (await idsOf(owner, type)).length]).not.toEqual([type, 0])
        const requests = list.flatMap((operation) => {
          const parameters = oauth[operation.template]
          const told = worldOf(operation, owner, ids)
          const fuzzed = parameters ? { ...told, parameters } : told
          const every = kinds.includes(operation)
            ? createFuzzer(operation, fuzzed, random).everyShape(thorough(operation))
            : []
          return [...every, ...hostile(operation, fuzzed, random)]
        })
        expect((await run(requests)).slice(0, 10)).toEqual([])
        checkLog()
        levels.push({ requests: total(), megabytes: megabytesHeld() })
      },
      LONGEST,
    )
  })
})

describe('the judge would notice', () => {
  const asked = { method: 'GET', path: '/api/roles', headers: {}, what: '' }
  const answer = { status: 200, headers: { 'content-type': MEDIA_TYPE }, text: '{"data":[]}', milliseconds: 1 }
  const entry = { title: 'x', detail: 'x', code: 'X', status: '400' }
  const errors = (...list: object[]): string => JSON.stringify({ errors: list })

  test.each([
    ['a 500', { ...answer, status: 500, text: errors({ ...entry, status: '500' }) }, 'status 500'],
    ['an answer without its members', answer, 'is not what openapi.yaml says'],
    ['a status inside that is another', { ...answer, status: 404, text: errors(entry) }, 'an error object without'],
    [
      'a page where a document should be',
      { ...answer, status: 404, headers: { 'content-type': 'text/html' } },
      'an error as text/html',
    ],
    [
      'a line of a stack',
      { ...answer, status: 400, text: errors({ ...entry, detail: 'x\n    at y' }).replace('\\n', '\n') },
      'inside',
    ],
    [
      'the text of the database',
      { ...answer, status: 400, text: errors({ ...entry, detail: 'column x does not exist' }) },
      'inside',
    ],
  ])('%s', (_, given, fault) => {
    expect(faultOf(asked, given, service.url)).toContain(fault)
  })

  test('and lets pass what is right', () => {
    expect(faultOf(asked, { ...answer, status: 400, text: errors(entry) }, service.url)).toBeUndefined()
  })
})

describe('after all that', () => {
  test('the requests were hostile, and some were not hostile enough', () => {
    expect(total()).toBeGreaterThanOrEqual(REQUESTS)
    for (const status of [200, 201, 204, 400, 401, 404, 405, 406, 409, 413, 415, 422])
      expect([status, statuses.get(status) ?? 0]).not.toEqual([status, 0])
    // Of what is sent to real ids a good part must get as far as the rules of the fields.
    expect((statuses.get(422) ?? 0) / total()).toBeGreaterThan(0.03)
  })

  if (isLong)
    test('no more is held than after the first fifth', () => {
      const warm = levels.find(({ requests }) => requests >= REQUESTS / 5)?.megabytes ?? 0
      process.stderr.write(`fuzz: ${JSON.stringify({ statuses: [...statuses], levels })}\n`)
      expect(levels.at(-1)?.megabytes).toBeLessThan(warm * 1.2)
    })

  test('the service is healthy and works', async () => {
    for (const path of ['/health', '/ready']) expect((await fetch(service.url + path)).status).toBe(200)
    const owner = await anOwner(service, 'The Blue Brand')
    expect((await owner.get('/roles')).body.meta.record_count).toBe(3)
  })

  test('nothing was added to what all objects have', () => {
    const odd: Record<string, unknown> = {}
    expect(odd.polluted).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('the log has a line for each request, none for the operator, and no secret', () => {
    checkLog()
    expect(lines).toBeGreaterThan(total())
    expect(busy).toBeLessThanOrEqual(total() / 1_000)
  })
})
