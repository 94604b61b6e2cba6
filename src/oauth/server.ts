import OAuth2Server from 'oauth2-server'
import { AppError, type ErrorKind } from '../errors.js'
import type { Activity } from '../tokens/activity.js'
import type { ClientLimits } from './client-limits.js'
import type { Client, Clients } from './clients.js'
import { CLIENT_PARAMETERS, readCredentials } from './credentials.js'
import type { Grant, GrantTools, TokenBody } from './grants/grant.js'
import { GRANTS } from './grants/index.js'
import type { Parameters } from './parameters.js'
import type { Subjects } from './scopes.js'

/** Every body parameter that the token endpoint reads. */
export const TOKEN_PARAMETERS: ReadonlySet<string> = new Set([
  'grant_type',
  ...CLIENT_PARAMETERS,
  ...GRANTS.flatMap((grant) => grant.parameters),
])

/** One token request in our words. */
export interface TokenRequest {
  readonly parameters: Parameters
  readonly authorization: string | undefined
  readonly now: Date
}

interface ServerParts {
  /** Of this request; undefined: nothing is limited. */
  limits: ClientLimits | undefined
  clients: Clients
  tools: GrantTools
  subjects: Subjects
  activity?: Pick<Activity, 'tokenIssued'> | undefined
}

/** The library's own refusals that can reach us, by their `name`; the texts are ours. */
const KIND_BY_NAME: Record<string, ErrorKind> = {
  invalid_request: 'malformed',
  invalid_client: 'invalid_client',
  invalid_grant: 'invalid_grant',
  invalid_scope: 'invalid_scope',
  unauthorized_client: 'unauthorized_client',
  unsupported_grant_type: 'unsupported_grant_type',
}

const TEXT: Partial<Record<ErrorKind, string>> = {
  malformed: 'The request is missing a required parameter or is otherwise malformed.',
  unauthorized_client: 'The client is not allowed to use this grant type.',
  unsupported_grant_type: 'The grant type is not supported.',
}

function refusal(kind: ErrorKind, cause?: unknown): AppError {
  const detail = TEXT[kind]
  return new AppError(kind, { ...(detail === undefined ? {} : { detail }), cause })
}

/** What the library threw, as ours. It wraps what its model throws, message and all, into a "server error". */
function translate(error: unknown): unknown {
  const { inner, name } = error as { inner?: unknown; name?: string }
  if (inner !== undefined) return inner instanceof AppError ? inner : translateUnlessSame(inner, error)
  const kind = KIND_BY_NAME[name ?? '']
  return error instanceof AppError || kind === undefined ? error : refusal(kind, error)
}

const translateUnlessSame = (inner: unknown, outer: unknown): unknown => (inner === outer ? outer : translate(inner))

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

// The type of the real body has been judged where it was read; the library would look it up in its tables again.
const FORM_REQUEST = Object.assign(new OAuth2Server.Request({ method: 'POST', headers: FORM, query: {} }), {
  is: () => FORM['content-type'],
})

/** The library refuses JSON and cannot decode Basic, so it is shown a form request that says only what it has to know. */
function libraryRequest(grantType: string, clientId: string): OAuth2Server.Request {
  const request: OAuth2Server.Request = Object.create(FORM_REQUEST)
  request.body = { grant_type: grantType, client_id: clientId }
  return request
}

function grantFor(parameters: Parameters): Grant {
  const grantType = parameters.get('grant_type')
  if (grantType === undefined) throw new AppError('malformed', { detail: 'The parameter grant_type is missing.' })
  const grant = GRANTS.find((one) => one.grantType === grantType)
  if (!grant) throw refusal('unsupported_grant_type')
  return grant
}

/** The grant that a request asks for, if it is one of ours; else `unknown`, so that these are few words. */
export function grantNameOf(parameters: Parameters): string {
  const asked = parameters.get('grant_type')
  return GRANTS.find((one) => one.grantType === asked)?.grantType ?? 'unknown'
}

const grantTypes = new Map<string, string[]>()
for (const { grantType, kinds } of GRANTS) {
  for (const kind of kinds) grantTypes.set(kind, [...(grantTypes.get(kind) ?? []), grantType])
}

/** What a grant of ours asks of the model. */
type GrantModel = Pick<OAuth2Server.ClientCredentialsModel, 'getClient' | 'saveToken' | 'getAccessToken'> & {
  /** Makes the answer; the library sees its access token only. */
  answer(): Promise<string>
}

/** Every grant in the library's terms: it finds out that the client may use it, and we do the rest. */
class OwnGrant extends OAuth2Server.AbstractGrantType {
  private readonly own: GrantModel
  constructor(options: OAuth2Server.TokenOptions & { model: GrantModel }) {
    super(options)
    this.own = options.model
  }
  async handle(_request: OAuth2Server.Request, client: OAuth2Server.Client) {
    return this.own.saveToken({ accessToken: await this.own.answer(), client, user: {} }, client, {})
  }
}

const OWN_GRANTS = Object.fromEntries(
  GRANTS.map(({ grantType }) => [grantType, OwnGrant as unknown as typeof OAuth2Server.AbstractGrantType]),
)

// Whether a secret is needed is the client's affair (clients.ts), not the grant's.
const NO_PRESENCE_CHECK = Object.fromEntries(GRANTS.map((grant) => [grant.grantType, false]))

/** Answers one token request through the library's flow: client, grant allowed, checks, token.
 *  Throws AppError; what else it throws is a fault of ours. Source: RFC 6749 §3.2, §5 */
export async function answerTokenRequest(request: TokenRequest, parts: ServerParts): Promise<TokenBody> {
  const { parameters, authorization, now } = request
  const { clients, tools, subjects, limits } = parts
  const grant = grantFor(parameters)
  const credentials = readCredentials(authorization, parameters)
  let client: Client | undefined
  let body: TokenBody | undefined
  const grantRequest = () => {
    if (!client) throw new Error('the library skipped the client')
    return { client, parameters, now, subjects, limits }
  }
  const model: GrantModel = {
    getClient: async () => {
      client = await clients.authenticate(credentials, now)
      return { id: client.clientId, grants: grantTypes.get(client.kind) ?? [] }
    },
    answer: async () => {
      for (const check of grant.checks) await check(grantRequest())
      body = await grant.issue(grantRequest(), tools)
      return body.access_token
    },
    saveToken: async ({ accessToken }, libraryClient, user) => ({ accessToken, client: libraryClient, user }),
    getAccessToken: async () => undefined,
  }
  const library = new OAuth2Server({
    model,
    requireClientAuthentication: NO_PRESENCE_CHECK,
    extendedGrantTypes: OWN_GRANTS,
  })
  await library
    .token(libraryRequest(grant.grantType, credentials.clientId), new OAuth2Server.Response())
    .catch((error) => {
      throw translate(error)
    })
  if (!body) throw new Error('the library issued no token')
  const { applicationId, organization, secretId } = grantRequest().client
  parts.activity?.tokenIssued({ applicationId, organizationId: organization?.id, secretId }, now)
  return body
}
