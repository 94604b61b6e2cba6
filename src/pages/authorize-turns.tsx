import { makerOf, type Seat, seatIn, seatsOf } from '../access/seats.js'
import { AppError } from '../errors.js'
import { successAddress } from '../oauth/authorize/answer.js'
import { isLoopback } from '../oauth/authorize/destination.js'
import { spansOrganizations } from '../oauth/authorize/meaning.js'
import type { AuthorizationRequest } from '../oauth/authorize/request.js'
import { wordsOf } from '../oauth/authorize/words.js'
import { readIdTokenHint } from '../oauth/id-token.js'
import { type CodeToKeep, saveAgreedCode, saveCode } from '../tokens/codes.js'
import { type Consent, createConsents } from '../tokens/consents.js'
import type { Session } from '../tokens/sessions.js'
import type { AuthorizeParts } from './authorize-parts.js'
import { NoSeatPage } from './authorize-refusals.js'
import { agreedWith, isAgreedTo, isAsNewAsAsked, isNewEnoughFor, refuseIfSilent } from './authorize-steps.js'
import { brandingOf } from './branding.js'
import { ConsentPage, type Word } from './consent.js'
import { OrganizationChoicePage } from './organization-choice.js'
import { signInAddress } from './return-to.js'
import type { PageAnswer, Visit } from './visit.js'

/** One step of a sound request in a browser. */
export interface Turn {
  readonly visit: Visit
  readonly request: AuthorizationRequest
  /** When it was made, in milliseconds. */
  readonly askedAt: number
  /** The request as it travels on. */
  readonly sealed: string
  /** What the person has pressed; undefined: nothing yet. */
  readonly decided: { readonly word: Word; readonly organizationId: string | undefined } | undefined
}

/** A turn of somebody who is signed in. */
interface PersonTurn extends Turn {
  readonly session: Session
  /** Where to sign in anew. */
  readonly someoneElse: string
}

/** Whether the person has agreed, and for this place: the seats may be others than when the page was made. */
const agrees = ({ decided }: Turn, organization: Seat['organization'] | undefined): boolean =>
  decided?.word === 'allow' && decided.organizationId === organization?.id

const cancelled = (): AppError => new AppError('access_denied', { detail: 'The person has said no.' })

/** Makes what happens to a sound request: sign-in, seat, organization, consent, code; the first that is wanting is asked
 *  for. A refusal that it throws (status 400) goes to the application. */
export function createAuthorizeTurns({ db: { knex }, config, keys, secrets }: AuthorizeParts) {
  const consents = createConsents(knex)

  function signIn({ request, sealed }: Turn, again: boolean): PageAnswer {
    refuseIfSilent(request, 'sign_in')
    const { loginHint: email } = request
    const to = `/oauth/continue?request=${sealed}`
    return { to: signInAddress(to, { again, ...(email === undefined ? {} : { email }) }) }
  }

  /** Whether the application means somebody else than whoever is signed in. A hint that is none of ours is as good as
   *  none. Source: OpenID Connect Core §3.1.2.1 `id_token_hint` */
  async function meansAnother({ request, visit }: Turn, { userId }: Session): Promise<boolean> {
    const { idTokenHint: shown } = request
    if (shown === undefined) return false
    const hint = await readIdTokenHint(shown, { keys, issuer: config.issuer, now: visit.now })
    return hint !== undefined && hint.userId !== userId
  }

  function codeFor({ request, session, visit }: PersonTurn, organizationId: string | undefined): CodeToKeep {
    const { client, codeChallenge, nonce, redirectUri, redirectUriSent, resource, scope } = request
    return {
      code: {
        organizationId,
        clientId: client.clientId,
        applicationId: client.organization === undefined ? undefined : client.applicationId,
        userId: session.userId,
        sessionId: session.id,
        redirectUri,
        redirectUriSent,
        scope,
        codeChallenge,
        nonce,
        resource,
        authenticatedAt: session.authenticatedAt,
        amr: session.amr,
      },
      now: visit.now,
    }
  }

  const hand = ({ request }: PersonTurn, code: string): PageAnswer => ({
    to: successAddress(request, { code, issuer: config.issuer }),
  })

  async function askConsent(turn: PersonTurn, organization: Seat['organization'] | undefined): Promise<PageAnswer> {
    const { visit, request, sealed, someoneElse } = turn
    refuseIfSilent(request, 'consent')
    const { client, redirectUri, resource, scope } = request
    const { applicationId, organization: home } = client
    const maker = home && (await makerOf(knex, { organizationId: home.id, applicationId }))
    const imageFrom = organization && brandingOf(organization).imageFrom
    const document = (
      <ConsentPage
        visit={visit}
        application={client.name}
        maker={maker}
        organization={organization}
        words={wordsOf(scope, organization?.name ?? 'all your organizations')}
        host={new URL(redirectUri).host}
        resource={resource}
        sealed={sealed}
        someoneElse={someoneElse}
      />
    )
    return { document, ...(imageFrom === undefined ? {} : { imageFrom }) }
  }

  /** A webapp acts in the organization that it belongs to. A public one is asked about each time: whoever knows its
   *  client_id can pretend to be it (ATTACKS R7). */
  async function webappTurn(turn: PersonTurn, seat: Seat): Promise<PageAnswer> {
    const { request, session, visit } = turn
    const { client, prompt } = request
    const key = { organizationId: seat.organization.id, userId: session.userId, clientId: client.clientId }
    const give = async () => {
      const code = await saveAgreedCode(knex, secrets, { ...codeFor(turn, seat.organization.id), consent: key })
      // What was withdrawn meanwhile is asked for again.
      return code === undefined ? askConsent(turn, seat.organization) : hand(turn, code)
    }
    if (agrees(turn, seat.organization)) {
      const about = { applicationId: client.applicationId, sessionId: session.id, now: visit.now }
      const add = (before: Consent | undefined) => agreedWith(client.confidential ? before : undefined, request)
      return (await consents.save(key, { add, ...about })) ? give() : signIn(turn, true)
    }
    const given = client.confidential ? await consents.find(key) : undefined
    return isAgreedTo(given, request) && !prompt.has('consent') ? give() : askConsent(turn, seat.organization)
  }

  /** The console acts where its user says: in one organization, or for the user in all of theirs. On the user's machine
   *  anybody can pretend to be it, so that there it is asked about each time (RFC 8252 §8.6). */
  async function dashboardTurn(turn: PersonTurn): Promise<PageAnswer> {
    const { decided, request, sealed, session, someoneElse, visit } = turn
    const go = async (organization?: Seat['organization']): Promise<PageAnswer> =>
      agrees(turn, organization) || !isLoopback(request.redirectUri)
        ? hand(turn, await saveCode(knex, secrets, codeFor(turn, organization?.id)))
        : askConsent(turn, organization)
    const seats = await seatsOf(knex, session.userId)
    if (spansOrganizations(request.scope))
      return seats.every((seat) => isNewEnoughFor(session, seat, visit.now)) ? go() : signIn(turn, true)
    const wanted = decided?.organizationId
    const [only] = wanted === undefined && seats.length === 1 ? seats : []
    const chosen = only ?? seats.find(({ organization }) => organization.id === wanted)
    if (chosen !== undefined)
      return isNewEnoughFor(session, chosen, visit.now) ? go(chosen.organization) : signIn(turn, true)
    const shown = { visit, application: request.client.name, sealed, someoneElse }
    refuseIfSilent(request, seats.length === 0 ? 'no_seat' : 'choose')
    if (seats.length === 0) return { document: <NoSeatPage {...shown} />, status: 403 }
    return { document: <OrganizationChoicePage {...shown} seats={seats} /> }
  }

  return async function take(turn: Turn): Promise<PageAnswer> {
    const { visit, request, sealed, decided } = turn
    const { session } = visit
    if (decided?.word === 'cancel') throw cancelled()
    if (session === undefined) return signIn(turn, false)
    if (!isAsNewAsAsked(session, { ...request, askedAt: turn.askedAt })) return signIn(turn, true)
    if (await meansAnother(turn, session)) return signIn(turn, true)
    const someoneElse = signInAddress(`/oauth/continue?request=${sealed}`, { again: true })
    const person = { ...turn, session, someoneElse }
    const home = request.client.organization
    if (home === undefined) return dashboardTurn(person)
    const seat = await seatIn(knex, { userId: session.userId, organizationId: home.id })
    if (seat !== undefined)
      return isNewEnoughFor(session, seat, visit.now) ? webappTurn(person, seat) : signIn(turn, true)
    refuseIfSilent(request, 'no_seat')
    const shown = { visit, application: request.client.name, sealed, someoneElse }
    return { document: <NoSeatPage {...shown} />, status: 403 }
  }
}
