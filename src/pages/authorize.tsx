import { type Request, type Response, Router } from 'express'
import { AppError } from '../errors.js'
import { notAllowed } from '../http/canonical.js'
import { refusalAddress } from '../oauth/authorize/answer.js'
import { type Destination, findDestination } from '../oauth/authorize/destination.js'
import { AUTHORIZE_PARAMETERS, readSent, type Sent } from '../oauth/authorize/parameters.js'
import { type AuthorizationRequest, checkRequest } from '../oauth/authorize/request.js'
import { openPending, sealPending } from '../oauth/authorize/sealed.js'
import { readBody } from '../oauth/body.js'
import { refuseQuery } from '../oauth/parameters.js'
import { takePushed } from '../oauth/pushed.js'
import { createPushedRequests } from '../tokens/pushed-requests.js'
import { type AuthorizeParts, policyOrigin, subjectsOf } from './authorize-parts.js'
import { BadRequestPage, OnwardsPage } from './authorize-refusals.js'
import { createAuthorizeTurns, type Turn } from './authorize-turns.js'
import type { Word } from './consent.js'
import type { PageAnswer, Visit } from './visit.js'

const AUTHORIZE = '/oauth/authorize'
const CONTINUE = '/oauth/continue'
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i

const queryOf = ({ originalUrl }: Request): string => {
  const at = originalUrl.indexOf('?')
  return at === -1 ? '' : originalUrl.slice(at + 1)
}

/** What was pressed: what is none of our buttons is a no. */
const wordOf = (decision: string | undefined): Word =>
  decision === 'allow' || decision === 'choose' ? decision : 'cancel'

/** A request's answer where it may go nowhere: a page, and no redirect (RFC 6749 §4.1.2.1; ATTACKS R1, R2, R5).
 *  @throws what is no refusal of ours */
function badRequest(error: unknown): PageAnswer {
  if (error instanceof AppError && error.status === 400)
    return { document: <BadRequestPage reason={error.message} />, status: 400 }
  throw error
}

/** Turns a form that an application posted here into the address that means the same: a browser sends us no cookies with
 *  what another site posts, and would take new ones for the old. */
async function postToGet(req: Request, res: Response): Promise<void> {
  refuseQuery(req.originalUrl, AUTHORIZE_PARAMETERS)
  if (!FORM.test(req.headers['content-type'] ?? ''))
    throw new AppError('malformed', { detail: 'The request must be a form (application/x-www-form-urlencoded).' })
  const text = (await readBody(req)).toString('utf8')
  readSent(text)
  res
    .status(303)
    .set('Location', `${AUTHORIZE}?${new URLSearchParams(text)}`)
    .end()
}

/** An answer for a browser that may have come from a form of ours: what leads to the application is not a redirect then,
 *  which browsers hold to be the way of the form. What another site or a person began is. */
function notByForm({ req }: Visit, answer: PageAnswer): PageAnswer {
  const leaves = 'to' in answer && !answer.to.startsWith('/')
  if (!leaves || req.headers['sec-fetch-site'] !== 'same-origin') return answer
  return { document: <OnwardsPage to={answer.to} /> }
}

/** Builds the authorization endpoint and the pages behind it. Between its pages a request travels sealed in addresses
 *  and forms of the browser that began it; nothing of it is stored. Source: RFC 6749 §3.1, §4.1; DECISIONS 3 */
export function createAuthorize(parts: AuthorizeParts): Router {
  const { visits, clients, config, secrets } = parts
  const pushedRequests = createPushedRequests(parts.db.knex)
  const take = createAuthorizeTurns(parts)
  const knowledge = { settings: config, subjects: subjectsOf(parts) }

  /** Looks at a request from its beginning, at each of its steps: what was right may have changed meanwhile. */
  async function look(visit: Visit, sent: Sent, { askedAt, decided }: Pick<Turn, 'askedAt' | 'decided'>) {
    let destination: Destination
    try {
      const clientId = sent.parameters.get('client_id')
      const client = clientId === undefined ? undefined : await clients.find(clientId, visit.now)
      destination = findDestination(sent, client)
    } catch (error) {
      return badRequest(error)
    }
    try {
      const request: AuthorizationRequest = checkRequest(sent, destination, knowledge)
      const pending = { parameters: sent.parameters, pushed: sent.pushed === true, askedAt }
      const sealed = sealPending(secrets, pending, visit.browserId)
      const answer = await take({ visit, request, askedAt, sealed, decided })
      return 'to' in answer ? answer : { ...answer, formTo: policyOrigin(request) }
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 400) throw error
      return { to: refusalAddress(destination, { error, issuer: config.issuer }) }
    }
  }

  const begin = async (visit: Visit): Promise<PageAnswer> => {
    let sent: Sent
    try {
      sent = await takePushed(readSent(queryOf(visit.req)), { secrets, pushedRequests, now: visit.now })
    } catch (error) {
      return badRequest(error)
    }
    return look(visit, sent, { askedAt: visit.now.getTime(), decided: undefined })
  }

  const go = async (visit: Visit, sealed: string | undefined, decided: Turn['decided']): Promise<PageAnswer> => {
    let pending: ReturnType<typeof openPending>
    try {
      pending = openPending(secrets, sealed, visit)
    } catch (error) {
      return badRequest(error)
    }
    const { parameters, pushed, askedAt } = pending
    return look(visit, { parameters, pushed, faulty: new Set() }, { askedAt, decided })
  }

  const router = Router({ caseSensitive: true, strict: true })
  // A HEAD would be answered as a GET: no request but a browser's on its way may end in a code.
  router.head([AUTHORIZE, CONTINUE], notAllowed('GET, POST'))
  router.get(AUTHORIZE, visits.get(begin))
  router.post(AUTHORIZE, postToGet)
  router.get(
    CONTINUE,
    visits.get(async (visit) => {
      const sealed = new URLSearchParams(queryOf(visit.req)).get('request') ?? undefined
      return notByForm(visit, await go(visit, sealed, undefined))
    }),
  )
  router.post(
    CONTINUE,
    visits.post({ purpose: 'authorize', fields: ['request', 'decision', 'organization'] }, (visit) =>
      go(visit, visit.form.get('request'), {
        word: wordOf(visit.form.get('decision')),
        organizationId: visit.form.get('organization'),
      }),
    ),
  )
  router.all([AUTHORIZE, CONTINUE], notAllowed('GET, POST'))
  return router
}
