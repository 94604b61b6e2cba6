import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { VNode } from 'preact'
import type { Config } from '../config.js'
import { notAllowed } from '../http/canonical.js'
import { readBody } from '../oauth/body.js'
import type { Clients } from '../oauth/clients.js'
import { END_SESSION_PARAMETERS, type Logout, readLogout } from '../oauth/end-session.js'
import { type Parameters, readParameters } from '../oauth/parameters.js'
import type { KeyRing } from '../tokens/keys.js'
import type { Revocations } from '../tokens/revocations.js'
import type { Sessions } from '../tokens/sessions.js'
import { policyOrigin } from './authorize-parts.js'
import { Actions, ButtonLink } from './blocks.js'
import { Form, Submit } from './components.js'
import { Document } from './document.js'
import type { PageAnswer, Visit, Visits } from './visit.js'

const PATH = '/oauth/end_session'
const CONFIRM = '/oauth/end_session/confirm'
const PURPOSE = 'end_session'
const FORM = 'application/x-www-form-urlencoded'
const NAMES: ReadonlySet<string> = new Set(END_SESSION_PARAMETERS)

interface EndSessionParts {
  readonly visits: Visits
  readonly clients: Pick<Clients, 'find'>
  readonly keys: Pick<KeyRing, 'find'>
  readonly sessions: Pick<Sessions, 'end'>
  readonly revocations: Pick<Revocations, 'refresh'>
  readonly config: Pick<Config, 'issuer'>
  readonly clock: () => Date
}

const Done = (): VNode => (
  <Document
    title="You are signed out"
    lead="This browser is not signed in here any more, nor are applications through it."
  >
    <ButtonLink href="/login" look="quiet">
      Sign in again
    </ButtonLink>
  </Document>
)

/** The request without its hint, which has been looked at, but with the client that the hint named. */
function withoutHint(sent: Parameters, { client }: Logout): [string, string][] {
  const fields = new Map(sent)
  fields.delete('id_token_hint')
  if (client !== undefined) fields.set('client_id', client.clientId)
  return [...fields]
}

function Question(props: { readonly visit: Visit; readonly logout: Logout; readonly sent: Parameters }): VNode {
  const { visit, logout, sent } = props
  const application = logout.client?.name
  const lead =
    application === undefined
      ? `You are signed in as ${visit.session?.email}.`
      : `${application} asks to sign you out here. You are signed in as ${visit.session?.email}.`
  return (
    <Document title="Sign out?" lead={lead}>
      <p>Every application that you entered from this browser loses its access.</p>
      <Form visit={visit} purpose={PURPOSE} action={CONFIRM}>
        {withoutHint(sent, logout).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Actions>
          <Submit>Sign out</Submit>
          <ButtonLink href="/account" look="quiet">
            Stay signed in
          </ButtonLink>
        </Actions>
      </Form>
    </Document>
  )
}

const queryOf = (req: Request): Buffer => {
  const start = req.originalUrl.indexOf('?')
  return Buffer.from(start < 0 ? '' : req.originalUrl.slice(start + 1))
}

const finished = (to: string | undefined): PageAnswer => (to === undefined ? { document: Done() } : { to })

/** Signs a person out on behalf of an application. With an id_token of this very sign-in it is done at once; without one,
 *  or with another's, they are asked. Afterwards the browser goes where the application has registered, and nowhere else.
 *  Source: OpenID Connect RP-Initiated Logout 1.0; ATTACKS R4 */
export function createEndSession(parts: EndSessionParts): Router {
  const { visits, sessions, clock, config } = parts
  const read = (sent: Parameters, now: Date) => readLogout(sent, { ...parts, issuer: config.issuer, now })
  // Dead here at once, not at the next beat of the poll; should the news not be readable now, the poll brings them.
  const refresh = (): Promise<void> => parts.revocations.refresh().catch(() => undefined)

  const asked = async (visit: Visit): Promise<PageAnswer> => {
    const sent = readParameters({ contentType: FORM, body: queryOf(visit.req) }, NAMES)
    const logout = await read(sent, visit.now)
    const { hint, redirectUri } = logout
    if (visit.session !== undefined && visit.session.id !== hint?.sessionId) {
      const formTo = redirectUri === undefined ? {} : { formTo: policyOrigin({ redirectUri }) }
      return { document: Question({ visit, logout, sent }), ...formTo }
    }
    await end(hint, visit.now)
    await visit.signOut()
    await refresh()
    return finished(logout.to)
  }

  const confirmed = async (visit: Visit): Promise<PageAnswer> => {
    const { to } = await read(visit.form, visit.now)
    await visit.signOut()
    await refresh()
    return finished(to)
  }

  const end = async (hint: Logout['hint'], now: Date): Promise<void> => {
    if (hint?.sessionId !== undefined) await sessions.end({ id: hint.sessionId, userId: hint.userId }, now)
  }

  /** A form of another site comes without our cookies: what its hint proves is done, the rest is asked by a GET. */
  const posted: RequestHandler = async (req: Request, res: Response) => {
    const sent = readParameters({ contentType: req.headers['content-type'], body: await readBody(req) }, NAMES)
    const now = clock()
    const logout = await read(sent, now)
    await end(logout.hint, now)
    await refresh()
    res
      .status(303)
      .set('Location', `${PATH}?${new URLSearchParams(withoutHint(sent, logout))}`)
      .end()
  }

  const router = Router({ caseSensitive: true, strict: true })
  router.get(PATH, visits.get(asked))
  router.post(PATH, posted)
  router.post(CONFIRM, visits.post({ purpose: PURPOSE, fields: END_SESSION_PARAMETERS }, confirmed))
  router.all(PATH, notAllowed('GET, HEAD, POST'))
  router.all(CONFIRM, notAllowed('POST'))
  return router
}
