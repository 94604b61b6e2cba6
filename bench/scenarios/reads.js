import { isDeepStrictEqual } from 'node:util'
import { startContender } from '../contender.js'
import { inTurn, ratio } from '../measure.js'
import { seedMemberships } from '../seed.js'
import { startService, tokenOf } from '../service.js'

const LIST = '/api/memberships?sort=-created_at&page[size]=25'
// Answers before the measured time: code that has not been called often enough is not compiled yet.
const WARM = 1500
// From both ends, near enough to be read in their order: 2,000 rows, so that none is remembered when its page comes again.
const ENDS = ['-', ''].flatMap((end) => Array.from({ length: 40 }, (_, number) => ({ end, number })))
const PATHS = {
  list: [LIST],
  pages: ENDS.map(
    ({ end, number }) => `/api/memberships?sort=${end}created_at&page[size]=25&page[number]=${number + 1}`,
  ),
  includes: [`${LIST}&include=organization,role,membership_profile`],
}
const OF_KURIER = {
  list: ['sort=-createdAt,-id&page[size]=25'],
  // Its pages begin at 0.
  pages: ENDS.map(({ end, number }) => `sort=${end}createdAt,${end}id&page[size]=25&page[number]=${number}`),
}
const API = 'http://localhost:3000/api'
/** By so much the documents of other libraries may be larger or smaller. */
const SAME_SIZE = 0.15

const get = async (port, path, headers = {}) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(20_000) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

const sorted = (included = []) => [...included].sort((a, b) => `${a.type} ${a.id}`.localeCompare(`${b.type} ${b.id}`))

/** The same document: every member, the included resources in whatever order (JSON:API gives them none). */
function proveSame(ours, theirs) {
  const [one, other] = [ours, theirs].map(({ included, ...rest }) => ({ ...rest, included: sorted(included) }))
  if (!isDeepStrictEqual(one, other))
    throw new Error(`the floor writes another document: ${firstDifference(one, other)}`)
}

function firstDifference(one, other, path = '') {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return isDeepStrictEqual(one, other) ? undefined : `${path}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = firstDifference(one[key], other[key], `${path}/${key}`)
    if (found) return found
  }
  return undefined
}

const TOLD = { url: 'http://localhost:3000' }

/** A worker that answers lists, and the token to ask with. */
async function gatehouse({ url, demo }, env = {}) {
  // The address is in the documents: both contenders write the same.
  const running = await startService({
    databaseUrl: url('gatehouse'),
    env: { DOMAIN: '', API_URL: `${TOLD.url}/api`, ...env },
  })
  return { ...running, token: await tokenOf(running.port, demo.integration) }
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` })
const ids = ({ data }) => data.map(({ id }) => id)

/** What the floor is told: whose rows, and what an organization says beside its columns. */
async function prepare(world) {
  const running = await gatehouse(world)
  try {
    const documents = {}
    for (const [which, paths] of Object.entries(PATHS)) {
      documents[which] = []
      for (const path of paths) documents[which].push(await get(running.port, path, bearer(running.token)))
    }
    const { attributes: constants } = documents.includes[0].included.find(({ type }) => type === 'organizations')
    return { job: { organization: world.demo.organization.id, api: API, constants }, documents }
  } finally {
    await running.stop()
  }
}

function withoutDomain(document) {
  for (const { attributes } of document.included ?? []) delete attributes.domain
  return document
}

function contendersOf(which, world, { job, documents }) {
  const env = { DATABASE_URL: world.url('gatehouse') }
  const planOf = (paths, headers) => ({
    warmRequests: WARM,
    requests: paths.map((path) => ({ method: 'GET', path, headers })),
  })
  const peer = (name, file, paths) => ({
    name,
    start: async () => {
      const running = await startContender(file, { job, env })
      for (const [at, path] of paths.entries()) {
        const document = await get(running.port, path)
        if (!isDeepStrictEqual(ids(document), ids(documents[which][at]))) throw new Error(`${name} lists other rows`)
        const [theirs, ours] = [document, documents[which][at]].map((one) => JSON.stringify(one).length)
        if (Math.abs(theirs / ours - 1) > SAME_SIZE) throw new Error(`${name} sends ${theirs} bytes, not ${ours}`)
      }
      return { ...running, plan: planOf(paths) }
    },
  })
  const kurier = () =>
    peer(
      'kurier',
      'kurier.js',
      OF_KURIER[which].map((search) => `/api/memberships?${search}&filter[organizationId]=${job.organization}`),
    )
  const raw = () => ({
    name: 'raw pg + node:http',
    start: async () => {
      const running = await startContender('raw-reads.js', { job, env })
      const [path] = PATHS[which]
      proveSame(withoutDomain(structuredClone(documents[which][0])), withoutDomain(await get(running.port, path)))
      return { ...running, plan: planOf([path]) }
    },
  })
  const all = [
    {
      name: 'gatehouse',
      start: async () => {
        const running = await gatehouse(world)
        return { ...running, plan: planOf(PATHS[which], bearer(running.token)) }
      },
    },
    // It knows the first page alone.
    ...(which === 'pages' ? [] : [raw()]),
    ...(which === 'includes' ? [] : [kurier()]),
    ...(which === 'list'
      ? [peer('jsonapi-server', 'jsonapi-server.js', ['/api/memberships?page[limit]=25&page[offset]=0'])]
      : []),
  ]
  return world.only ? all.filter(({ name }) => world.only.includes(name)) : all
}

const TARGETS = {
  list: [
    ['raw pg + node:http', 0.6],
    ['kurier', 3],
    ['jsonapi-server', 4],
  ],
  pages: [['kurier']],
  includes: [['raw pg + node:http', 0.6]],
}
const TITLES = {
  list: 'Reads: 25 of 100,000 seats, newest first, one worker on one core, 32 connections',
  pages: 'Reads: 80 pages of them in turn, so that no object is remembered',
  includes: 'Reads: the first page with organization, role and profile included',
}

/** Lists behind the token check, the evaluator and row security, against hand-written ones without. */
export async function reads(world) {
  await seedMemberships(world)
  const prepared = await prepare(world)
  const parts = []
  for (const which of Object.keys(PATHS)) {
    const results = await inTurn(contendersOf(which, world, prepared), {
      ...world.pace,
      databasePid: world.pg.pid,
      note: world.note,
    })
    parts.push({
      title: TITLES[which],
      results,
      ratios: TARGETS[which]
        .filter(([name]) => results[name])
        .map(([name, target]) => ({
          name: `${which}: gatehouse ÷ ${name}`,
          ...ratio(results, 'gatehouse', name),
          atLeast: target,
        })),
    })
  }
  return parts
}
