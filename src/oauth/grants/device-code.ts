import { asAuth } from '../../db/roles.js'
import { AppError } from '../../errors.js'
import { createDeviceCodes, type Poll } from '../../tokens/device-codes.js'
import type { Grant, GrantRequest, GrantTools } from './grant.js'
import { type Issue, prepareTokens } from './issue.js'
import { checkResource, isCutOff } from './standing.js'

const refuse = (kind: AppError['kind'], detail: string): AppError => new AppError(kind, { detail })

const UNKNOWN = 'The device code is unknown, was used already, or is of another client.'

function codeOf({ parameters }: GrantRequest): string {
  const code = parameters.get('device_code')
  if (code === undefined) throw refuse('malformed', 'The parameter device_code is missing.')
  return code
}

/** The refusal of a device that asks in vain. Source: RFC 8628 §3.5 */
function refusalOf(status: Exclude<Poll['status'], 'approved'>): AppError {
  if (status === 'pending') return refuse('authorization_pending', 'Nobody has let the device in yet.')
  if (status === 'too_fast') return refuse('slow_down', 'Ask less often: the interval is five seconds longer now.')
  if (status === 'expired') return refuse('expired_token', 'The device code has expired. Begin again.')
  if (status === 'denied')
    return refuse('access_denied', 'Somebody has refused to let the device in, or has ended what let it in.')
  return refuse('invalid_grant', UNKNOWN)
}

/** The tokens of an approval, as long as everybody in it still stands: the seat, the session, the organization; and neither
 *  that nor the application was switched off since the device began, though both may be on again. */
async function issueOf(
  { client, now }: GrantRequest,
  { approval, scope, resource, createdAt }: Extract<Poll, { status: 'approved' }>,
  tools: GrantTools,
): Promise<Issue> {
  const { organizationId, userId, sessionId, authenticatedAt, amr } = approval
  const standing = await tools.owners.standing({ organizationId, userId, sessionId })
  const cutOff = isCutOff({ organizationId, applicationId: client.applicationId, createdAt }, tools)
  if (standing === undefined || cutOff) {
    throw refuse('invalid_grant', 'What the device was let in with has ended since. Begin again.')
  }
  return {
    client,
    organization: standing.organization,
    owner: { id: userId, type: 'User' },
    scope,
    signIn: { authenticatedAt, amr, sessionId },
    resource,
    refresh: 'begin',
    now,
  }
}

/** A device that has no browser gets what somebody has allowed it with theirs. Source: RFC 8628 §3.4, §3.5 */
export const deviceCode: Grant = {
  grantType: 'urn:ietf:params:oauth:grant-type:device_code',
  kinds: ['webapp', 'dashboard'],
  parameters: ['device_code', 'resource'],
  checks: [
    (request) => {
      codeOf(request)
    },
  ],
  issue: async (request, tools) => {
    const deviceCodes = createDeviceCodes(tools.knex)
    const hash = tools.secrets.hash(codeOf(request))
    const poll = await deviceCodes.poll({ hash, clientId: request.client.clientId, now: request.now })
    if (poll.status !== 'approved') throw refusalOf(poll.status)
    checkResource(request.parameters, poll.resource, tools.audience)
    const issue = await issueOf(request, poll, tools)
    const prepared = await prepareTokens(issue, tools)
    await asAuth(tools.knex, async (trx) => {
      if (!(await deviceCodes.use(trx, hash))) throw refuse('invalid_grant', UNKNOWN)
      await prepared.save(trx)
    })
    tools.activity?.signedIn(poll.approval.userId, poll.approval.organizationId, request.now)
    return prepared.body
  },
}
