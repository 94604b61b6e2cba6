import { isDeepStrictEqual } from 'node:util'
import { startContender } from '../contender.js'
import { inTurn, ratio } from '../measure.js'
import { seedMemberships } from '../seed.js'
import { startService, tokenOf } from '../service.js'

const LIST = '/api/memberships?sort=-created_at&page[size]=25'
// Answers before the measured time: code that has not been called often enough is not compiled yet.
const WARM = 1500
const PATHS = { list: LIST, includes: `${LIST}&include=organization,role,membership_profile` }
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
    const document = await get(running.port, PATHS.includes, bearer(running.token))
    const { attributes: constants } = document.included.find(({ type }) => type === 'organizations')
    const documents = { list: await get(running.port, PATHS.list, bearer(running.token)), includes: document }
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
  const path = PATHS[which]
  const peer = (name, file, there) => ({
    name,
    start: async () => {
      const running = await startContender(file, { job, env })
      const document = await get(running.port, there)
      if (!isDeepStrictEqual(ids(document), ids(documents[which]))) throw new Error(`${name} lists other rows`)
      const [theirs, ours] = [document, documents[which]].map((one) => JSON.stringify(one).length)
      if (Math.abs(theirs / ours - 1) > SAME_SIZE) throw new Error(`${name} sends ${theirs} bytes, not ${ours}`)
      return { ...running, plan: { warmRequests: WARM, requests: [{ method: 'GET', path: there }] } }
    },
  })
  const all = [
    {
      name: 'gatehouse',
      start: async () => {
        const running = await gatehouse(world)
        return {
          ...running,
          plan: { warmRequests: WARM, requests: [{ method: 'GET', path, headers: bearer(running.token) }] },
        }
      },
    },
    {
      name: 'raw pg + node:http',
      start: async () => {
        const running = await startContender('raw-reads.js', { job, env })
        proveSame(withoutDomain(structuredClone(documents[which])), withoutDomain(await get(running.port, path)))
        return { ...running, plan: { warmRequests: WARM, requests: [{ method: 'GET', path }] } }
      },
    },
    ...(which === 'list'
      ? [
          peer(
            'kurier',
            'kurier.js',
            `/api/memberships?sort=-createdAt,-id&page[size]=25&filter[organizationId]=${job.organization}`,
          ),
          peer('jsonapi-server', 'jsonapi-server.js', '/api/memberships?page[limit]=25&page[offset]=0'),
        ]
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
  includes: [['raw pg + node:http', 0.6]],
}
const TITLES = {
  list: 'Reads: 25 of 100,000 seats, newest first, one worker on one core, 32 connections',
  includes: 'Reads: the same with organization, role and profile included',
}

/** Lists behind the token check, the evaluator and row security, against hand-written ones without. */
export async function reads(world) {
  await seedMemberships(world)
  const prepared = await prepare(world)
  const parts = []
  for (const which of ['list', 'includes']) {
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
