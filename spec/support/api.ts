import { createAccount } from '../../src/access/accounts.js'
import { newId } from '../../src/ids.js'
import { checkAnswer } from './openapi.js'
import type { Service } from './service.js'

// biome-ignore lint/suspicious/noExplicitAny: documents of many shapes are looked into by the specs
export type Body = any

/** One answer of the service. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

const MEDIA_TYPE = 'application/vnd.api+json'

/** Calls the service and checks the answer against openapi.yaml. */
export async function call(service: Pick<Service, 'url'>, path: string, init: RequestInit = {}): Promise<Reply> {
  const url = path.startsWith('http') ? path : `${service.url}${path}`
  const response = await fetch(url, { redirect: 'manual', ...init })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  const body: Body = text === '' ? undefined : isJson ? JSON.parse(text) : text
  checkAnswer({ method: init.method ?? 'GET', url, status: response.status, body, headers: response.headers })
  return { status: response.status, headers: response.headers, body }
}

/** A caller with a token, speaking JSON:API. */
export interface Api {
  readonly token: string
  get(path: string): Promise<Reply>
  post(path: string, body?: unknown): Promise<Reply>
  patch(path: string, body?: unknown): Promise<Reply>
  delete(path: string, body?: unknown): Promise<Reply>
}

/** Speaks JSON:API with a token. Paths begin behind /api, e.g. `/roles`. */
export function api(service: Pick<Service, 'url'>, token: string): Api {
  const send = (method: string) => (path: string, body?: unknown) =>
    call(service, `/api${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  return { token, get: send('GET'), post: send('POST'), patch: send('PATCH'), delete: send('DELETE') }
}

/** Asks again as long as the answer is 503 with Retry-After: on a busy machine fifty at once wait too long for a connection. */
export async function answered(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await ask()
    if (reply.status !== 503 || !reply.headers.has('retry-after')) return reply
    await new Promise((later) => setTimeout(later, 100))
  }
}

/** A caller who comes again when told to. */
export function patient<T extends Api>(caller: T): T {
  const { get, post, patch, delete: remove } = caller
  return {
    ...caller,
    get: (path: string) => answered(() => get(path)),
    post: (path: string, body?: unknown) => answered(() => post(path, body)),
    patch: (path: string, body?: unknown) => answered(() => patch(path, body)),
    delete: (path: string, body?: unknown) => answered(() => remove(path, body)),
  }
}

/** A resource object for a request. */
export function resource(
  type: string,
  attributes: Record<string, unknown> = {},
  relationships: Record<string, [type: string, id: string] | null> = {},
): Body {
  const links = Object.entries(relationships).map(([name, target]) => {
    return [name, { data: target === null ? null : { type: target[0], id: target[1] } }]
  })
  return { data: { type, attributes, relationships: Object.fromEntries(links) } }
}

/** The same for an update. */
export function change(
  type: string,
  id: string,
  attributes: Record<string, unknown> = {},
  relationships: Record<string, [string, string] | null> = {},
): Body {
  const { data } = resource(type, attributes, relationships)
  return { data: { ...data, id } }
}

/** Gets a token by client credentials. */
export async function tokenFor(
  service: Pick<Service, 'url'>,
  client: { clientId: string; clientSecret?: string; scope?: string },
): Promise<string> {
  const body = {
    grant_type: 'client_credentials',
    client_id: client.clientId,
    ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
    ...(client.scope === undefined ? {} : { scope: client.scope }),
  }
  const headers = { 'content-type': 'application/json' }
  const reply = await call(service, '/oauth/token', { method: 'POST', headers, body: JSON.stringify(body) })
  if (reply.status !== 200) throw new Error(`no token: ${JSON.stringify(reply.body)}`)
  return reply.body.access_token
}

/** A person with an account and a token of kind `user`. */
export async function aPerson(service: Service, scope?: string) {
  const email = `${newId().toLowerCase()}@example.com`
  const now = service.parts.clock()
  const account = await createAccount(service.db.knex, service.parts.secrets, {
    email,
    firstName: 'Ada',
    lastName: 'Byron',
    now,
  })
  const client = { clientId: account.clientId, clientSecret: account.clientSecret }
  const token = await tokenFor(service, scope === undefined ? client : { ...client, scope })
  return { ...account, ...api(service, token) }
}

export type Person = Awaited<ReturnType<typeof aPerson>>

/** A person and the organization that they have founded, with the ids of its built-in roles. */
export async function anOwner(service: Service, name = `Org ${newId()}`) {
  const person = await aPerson(service)
  const created = await person.post('/organizations', resource('organizations', { name }))
  if (created.status !== 201) throw new Error(JSON.stringify(created.body))
  const organization: Body = created.body.data
  const listed = await person.get(`/organizations/${organization.id}/roles?page[size]=100`)
  const roles: Record<string, string> = Object.fromEntries(
    listed.body.data.map((role: Body) => [role.attributes.name, role.id]),
  )
  return { ...person, organization, organizationId: organization.id as string, roles }
}

export type Owner = Awaited<ReturnType<typeof anOwner>>

/** Seats a new person in an owner's organization with a role, active at once (the invitation's acceptance comes later). */
export async function aMember(service: Service, owner: Owner, roleId: string, scope?: string) {
  const person = await aPerson(service, scope)
  const seat = { organization: ['organizations', owner.organizationId], role: ['roles', roleId] } as const
  const invited = await owner.post(
    '/memberships',
    resource(
      'memberships',
      { user_email: person.email },
      { organization: [...seat.organization], role: [...seat.role] },
    ),
  )
  if (invited.status !== 201) throw new Error(JSON.stringify(invited.body))
  const id: string = invited.body.data.id
  await service.db.knex.transaction(async (trx) => {
    const accepted = {
      status: 'active',
      invitation_status: 'accepted',
      user_id: person.userId,
      accepted_at: new Date(),
    }
    await trx('memberships').where({ id }).update(accepted)
  })
  await service.parts.revocations.refresh()
  return { ...person, membershipId: id }
}

/** Creates an application in an owner's organization and gets its token. */
export async function anApplication(
  service: Service,
  owner: Owner,
  kind: string,
  options: { roleId?: string; attributes?: Record<string, unknown>; scope?: string } = {},
) {
  const { roleId, attributes = {}, scope } = options
  const role: Record<string, [string, string]> = roleId === undefined ? {} : { role: ['roles', roleId] }
  const links = { organization: ['organizations', owner.organizationId] as [string, string], ...role }
  const created = await owner.post(
    '/api_credentials',
    resource('api_credentials', { name: kind, kind, ...attributes }, links),
  )
  if (created.status !== 201) throw new Error(JSON.stringify(created.body))
  const { id, attributes: shown } = created.body.data as Body
  const client = {
    clientId: shown.client_id as string,
    clientSecret: shown.client_secret as string,
    ...(scope === undefined ? {} : { scope }),
  }
  const bySecret = kind === 'sales_channel' ? { ...client, clientSecret: undefined } : client
  const token = kind === 'webapp' ? '' : await tokenFor(service, bySecret as typeof client)
  return { id: id as string, ...client, ...api(service, token) }
}
