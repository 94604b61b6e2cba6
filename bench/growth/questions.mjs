import { send, tokenRequest } from './service.mjs'

const LIST = '/memberships?sort=-created_at&page[size]=25'
/** How far back the page by cursor is, of all rows. */
const DEPTH = 0.99
const SHOWN = 25

/** A request of the API under somebody's token. */
export const read = ({ token }, path) => ({
  path: `/api${encodeURI(path)}`,
  headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.api+json' },
})

/** A cursor is opaque: whatever is in it goes as it came. */
const afterCursor = ({ path, ...rest }, cursor) => ({
  ...rest,
  path: `${path}&page[after]=${encodeURIComponent(cursor)}`,
})

/** A request that makes something in the home. */
export function write(home, type, attributes, { roles } = {}) {
  const to = (of, id) => ({ data: { type: of, id } })
  const relationships = { organization: to('organizations', home.id), ...(roles ? { role: to('roles', roles) } : {}) }
  const body = JSON.stringify({ data: { type, attributes, relationships } })
  const { path, headers } = read(home, `/${type}`)
  const sent = { 'Content-Type': 'application/vnd.api+json', 'Content-Length': Buffer.byteLength(body) }
  return { method: 'POST', path, headers: { ...headers, ...sent }, body }
}

const isPage = (rows) => (body, home) =>
  body.data.length === rows && (rows !== SHOWN || body.meta.record_count === home.rows)

const tellsOf = (kind) => (body) =>
  body.application.kind === kind && (kind === 'user' || Object.keys(body.permissions).length > 0)

const tokenInfo = (token) => ({ path: '/oauth/tokeninfo', headers: { Authorization: `Bearer ${token}` } })

const ids = (body) => body.data.map(({ id }) => id).join()

/** What is asked of organizations of all sizes. `of` makes the request of a home, `is` says whether the answer is what was
 *  asked for: a refusal is quick at any size. */
export const bySize = [
  { name: 'first page', of: (home) => read(home, LIST), is: isPage(SHOWN) },
  {
    name: 'filter',
    of: (home) => read(home, `${LIST}&filter[q][user_email_eq]=${home.id.toLowerCase()}.person-77@example.com`),
    is: (body) => body.data.length === 1 && body.data[0].attributes.reference === 'REF-77',
  },
  {
    name: 'count',
    of: (home) => read(home, '/memberships?page[size]=1'),
    is: (body, home) => body.data.length === 1 && body.meta.record_count === home.rows,
  },
  {
    name: 'include',
    of: (home) => read(home, `${LIST}&include=role,organization,membership_profile`),
    is: (body, home) => isPage(SHOWN)(body, home) && new Set(body.included.map(({ type }) => type)).size === 3,
  },
  {
    name: 'cursor page',
    of: (home) => afterCursor(read(home, LIST), home.cursor),
    is: (body, home) => ids(body) === home.deep,
  },
  { name: 'token', of: (home) => tokenRequest(home.owner), is: (body) => body.access_token.length > 100 },
  { name: 'tokeninfo', of: (home) => tokenInfo(home.token), is: tellsOf('user') },
  {
    name: 'tokeninfo, application',
    of: (home) => tokenInfo(home.applicationToken),
    is: tellsOf('integration'),
  },
]

/** What is asked of a user in many organizations and of one in one. */
export const byUser = {
  tokens: bySize.filter(({ name }) => ['token', 'tokeninfo'].includes(name)),
  lists: [
    ...bySize.filter(({ name }) => ['first page', 'count'].includes(name)),
    {
      name: 'organizations',
      of: (home) => read(home, '/organizations?sort=-created_at&page[size]=25'),
      is: (body, home) =>
        body.data.length === Math.min(SHOWN, home.organizations) && body.meta.record_count === home.organizations,
    },
  ],
}

/** What is asked of an organization among many, and alone. */
export const byNumber = [
  ...bySize.filter(({ name }) => name !== 'cursor page'),
  {
    name: 'create a role',
    of: (home) => write(home, 'roles', { name: 'Growth' }),
    is: (body) => body.data.attributes.name === 'Growth',
    status: 201,
  },
]

/** Asks a question of a home once.  @returns the milliseconds that it took */
export async function ask(home, { name, of, is, status: right = 200 }) {
  const { status, text, milliseconds } = await send(home.port, of(home))
  if (status !== right) throw new Error(`${name}, ${home.label}: ${status} ${text.slice(0, 300)}`)
  if (!is(JSON.parse(text), home))
    throw new Error(`${name}, ${home.label}: another answer than asked for: ${text.slice(0, 300)}`)
  return milliseconds
}

async function page(home, path) {
  const { status, text } = await send(home.port, read(home, path))
  if (status !== 200) throw new Error(`${path}: ${status} ${text.slice(0, 300)}`)
  return JSON.parse(text)
}

/** Finds the cursor of the page at 99 % depth, and which rows stand there, by number. */
export async function findDepth(home) {
  const number = Math.floor((home.rows * DEPTH) / SHOWN)
  const before = await page(home, `${LIST}&page[number]=${number}`)
  const deep = await page(home, `${LIST}&page[number]=${number + 1}`)
  // A cursor says where in the order a page begins, whatever was filtered: nobody need walk there.
  const last = before.data.at(-1)
  const from = await page(
    home,
    `/memberships?sort=-created_at&page[after]=&page[size]=1&filter[q][created_at_lteq]=${last.attributes.created_at}`,
  )
  if (from.data[0].id !== last.id) throw new Error(`no cursor at 99 % of ${home.label}`)
  return { cursor: new URL(from.links.next).searchParams.get('page[after]'), deep: ids(deep) }
}
