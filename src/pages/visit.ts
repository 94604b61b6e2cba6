import { randomBytes } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { VNode } from 'preact'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import { AppError } from '../errors.js'
import { readBody } from '../oauth/body.js'
import { type Parameters, readParameters } from '../oauth/parameters.js'
import type { Session, Sessions } from '../tokens/sessions.js'
import type { Cookies } from './cookies.js'
import { sendDocument } from './document.js'

/** Who is to be signed in, and the hash that their password was checked against; none of an account made just now. */
export interface Entering {
  readonly userId: string
  readonly amr: Session['amr']
  readonly passwordHash?: string | undefined
}

/** A person with a browser, at one of our pages. */
export interface Visit {
  readonly req: Request
  readonly now: Date
  /** Names this browser before and after sign-in alike; what was begun in one browser is not finished in another. */
  readonly browserId: string
  /** Who is signed in. */
  readonly session: Session | undefined
  /** The form's fields; of a GET, none. Only the names that the handler gave are in it. */
  readonly form: Parameters
  /** The hidden field of a form for this purpose: good in this browser, for this sign-in. */
  csrf(purpose: string): string
  /** Signs a person in: the browser gets a new token; the session of somebody else ends.
   *  @returns whether the cookie is set: not when the account has another password by now, or is disabled */
  signIn(person: Entering): Promise<boolean>
  /** Ends the session of this browser. */
  signOut(): Promise<void>
}

/** What a page's handler answers: a document, or where to go (always by 303, RFC 9700 §4.12). */
export type PageAnswer =
  | { readonly document: VNode; readonly status?: number; readonly formTo?: string; readonly imageFrom?: string }
  | { readonly to: string }

export type PageHandler = (visit: Visit) => Promise<PageAnswer> | PageAnswer

/** Makes express handlers of page handlers. */
export interface Visits {
  get(handler: PageHandler): RequestHandler
  /** Takes a form: its fields, and its `csrf` for this purpose. Errors: `forbidden` (403) without it. */
  post(form: { purpose: string; fields: readonly string[] }, handler: PageHandler): RequestHandler
}

interface VisitParts {
  readonly config: Pick<Config, 'pagesUrl'>
  readonly sessions: Sessions
  readonly secrets: Pick<Secrets, 'hash' | 'matches'>
  readonly cookies: Cookies
  readonly clock: () => Date
  /** Address of the caller, as trusted proxies have it. */
  readonly addressOf: (req: Request) => string | undefined
}

/** The refusal of a form that was not made by our own page in this browser for this sign-in. */
const staleForm = (): AppError =>
  new AppError('forbidden', {
    detail: 'This form is too old or was not made here. Go back, reload the page and try again.',
  })

/** Browsers say where a form comes from; ours come from ourselves. Programs that say nothing are held by the token alone. */
function refuseForeign(req: Request, pagesUrl: string): void {
  const { origin, 'sec-fetch-site': site } = req.headers
  const own = origin === undefined || origin === new URL(pagesUrl).origin || origin === 'null'
  if (!own || (typeof site === 'string' && !['same-origin', 'none'].includes(site))) throw staleForm()
}

const NO_FIELDS: Parameters = new Map()

/** Makes the visits of an installation. Source: ATTACKS R8, R10; RFC 6749 §10.12 */
export function createVisits(parts: VisitParts): Visits {
  const { config, sessions, secrets, cookies, clock, addressOf } = parts

  function browserOf(req: Request, res: Response): string {
    const known = cookies.read(req, 'browser')
    if (known !== undefined) return known
    const fresh = randomBytes(24).toString('base64url')
    cookies.write(res, 'browser', fresh)
    return fresh
  }

  async function visitOf(req: Request, res: Response, form: Parameters): Promise<Visit> {
    const now = clock()
    const browserId = browserOf(req, res)
    const token = cookies.read(req, 'session')
    const session = token === undefined ? undefined : await sessions.find(token, now)
    const signOut = async (): Promise<void> => {
      if (session !== undefined) await sessions.end(session, now)
      cookies.clear(res, 'session')
    }
    return {
      req,
      now,
      browserId,
      session,
      form,
      csrf: (purpose) => secrets.hash(`csrf\n${purpose}\n${browserId}\n${session?.id ?? ''}`),
      signIn: async (person) => {
        // Who was signed in already goes on under a new token: what apps got in this session lives on.
        const proof = { ...person, now }
        const renewed = session?.userId === person.userId ? await sessions.renew(session.id, proof) : undefined
        const from = { address: addressOf(req), userAgent: req.headers['user-agent'] }
        const fresh = renewed ?? (await sessions.begin({ ...person, ...from, now }))
        if (fresh === undefined) return false
        if (session !== undefined && renewed === undefined) await sessions.end(session, now)
        cookies.write(res, 'session', fresh)
        return true
      },
      signOut,
    }
  }

  function answer(res: Response, answered: PageAnswer): void {
    if ('to' in answered) res.status(303).set('Location', answered.to).end()
    else sendDocument(res, answered)
  }

  return {
    get: (handler) => async (req, res) => answer(res, await handler(await visitOf(req, res, NO_FIELDS))),
    post:
      ({ purpose, fields }, handler) =>
      async (req, res) => {
        refuseForeign(req, config.pagesUrl)
        const names = new Set(['csrf', ...fields])
        const form = readParameters({ contentType: req.headers['content-type'], body: await readBody(req) }, names)
        const visit = await visitOf(req, res, form)
        const shown = form.get('csrf') ?? ''
        if (!secrets.matches(`csrf\n${purpose}\n${visit.browserId}\n${visit.session?.id ?? ''}`, digest(shown)))
          throw staleForm()
        answer(res, await handler(visit))
      },
  }
}

/** What was shown, as a digest to compare; anything else compares with nothing. */
const digest = (shown: string): string => (/^[0-9a-f]{64}$/.test(shown) ? shown : '0'.repeat(64))
