import type { Secrets } from '../crypto/secrets.js'
import { AppError } from '../errors.js'
import type { PushedRequests } from '../tokens/pushed-requests.js'
import { findDestination } from './authorize/destination.js'
import { AUTHORIZE_PARAMETERS, type Sent } from './authorize/parameters.js'
import { checkRequest } from './authorize/request.js'
import type { ResourceSettings } from './authorize/resources.js'
import type { ClientLimits } from './client-limits.js'
import type { Clients } from './clients.js'
import { CLIENT_PARAMETERS, readCredentials } from './credentials.js'
import type { Subjects } from './scopes.js'
import type { TokenRequest } from './server.js'

/** Every body parameter that the endpoint for pushed requests reads. */
export const PUSHED_PARAMETERS: ReadonlySet<string> = new Set([...AUTHORIZE_PARAMETERS, ...CLIENT_PARAMETERS])

const PREFIX = 'urn:ietf:params:oauth:request_uri:'
const LIFE_SECONDS = 90

interface PushedParts {
  readonly clients: Clients
  readonly secrets: Pick<Secrets, 'newSecret' | 'hash'>
  readonly pushedRequests: PushedRequests
  readonly settings: ResourceSettings
  readonly subjects: Subjects
  readonly limits: ClientLimits | undefined
}

/** Takes an authorization request straight from a client, checked as the authorization endpoint checks one, and gives it
 *  a name for 90 seconds and one use.
 *  Throws what authenticating, findDestination and checkRequest throw; `too_many`. Source: RFC 9126 §2 */
export async function answerPushedRequest(
  { parameters, authorization, now }: TokenRequest,
  parts: PushedParts,
): Promise<{ request_uri: string; expires_in: number }> {
  const { clients, secrets, pushedRequests, settings, subjects, limits } = parts
  const client = await clients.authenticate(readCredentials(authorization, parameters), now)
  await limits?.limits.take('pushed_request', [client.clientId, limits.network])
  if (parameters.has('request_uri'))
    throw new AppError('malformed', { detail: 'A pushed request must not refer to another one.' })
  const pushed = new Map([...parameters].filter(([name]) => AUTHORIZE_PARAMETERS.has(name)))
  pushed.set('client_id', client.clientId)
  const sent: Sent = { parameters: pushed, faulty: new Set(), pushed: true }
  checkRequest(sent, findDestination(sent, client), { settings, subjects })
  const name = secrets.newSecret('')
  const expiresAt = new Date(now.getTime() + LIFE_SECONDS * 1000)
  await pushedRequests.save({ hash: secrets.hash(name), clientId: client.clientId, parameters: pushed, now, expiresAt })
  return { request_uri: `${PREFIX}${name}`, expires_in: LIFE_SECONDS }
}

/** What a request at the authorization endpoint stands for: the pushed one that it names, alone, or itself.
 *  @throws AppError invalid_request_uri, to be shown and not redirected: where to is in the request that is not there.
 *  Source: RFC 9126 §4; RFC 9101 §6.3 */
export async function takePushed(
  sent: Sent,
  { secrets, pushedRequests, now }: Pick<PushedParts, 'secrets' | 'pushedRequests'> & { now: Date },
): Promise<Sent> {
  const named = sent.parameters.get('request_uri')
  const clientId = sent.parameters.get('client_id')
  if (!named?.startsWith(PREFIX)) return sent
  const hash = secrets.hash(named.slice(PREFIX.length))
  const parameters = clientId === undefined ? undefined : await pushedRequests.take({ hash, clientId, now })
  if (parameters) return { parameters, faulty: new Set(), pushed: true }
  throw new AppError('invalid_request_uri', {
    detail: 'The pushed request is unknown, too old, used already, or of another application. Start again there.',
  })
}
