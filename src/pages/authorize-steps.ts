import type { Seat } from '../access/seats.js'
import { AppError } from '../errors.js'
import { covers, joinScopes, meaningOf } from '../oauth/authorize/meaning.js'
import type { AuthorizationRequest } from '../oauth/authorize/request.js'
import type { Consent } from '../tokens/consents.js'
import type { Session } from '../tokens/sessions.js'

/** A sign-in, as far as it matters how old it is. */
export type SignIn = Pick<Session, 'authenticatedAt' | 'longestIdleSeconds'>

interface Freshness {
  readonly prompt: ReadonlySet<string>
  readonly maxAge: number | undefined
  /** When the application asked, in milliseconds. */
  readonly askedAt: number
}

/** Whether a sign-in is as new as the application wants. It asks for a person, not for a time: what was done after it
 *  asked is new enough, however long the pages took. Source: OpenID Connect Core §3.1.2.1 `prompt`, `max_age` */
export function isAsNewAsAsked({ authenticatedAt }: SignIn, { prompt, maxAge, askedAt }: Freshness): boolean {
  const at = authenticatedAt.getTime()
  if (prompt.has('login') || prompt.has('select_account')) return at >= askedAt
  return maxAge === undefined || at >= askedAt - maxAge * 1000
}

/** Whether a sign-in is new enough, and was used often enough, for what an organization asks. */
export function isNewEnoughFor(
  { authenticatedAt, longestIdleSeconds }: SignIn,
  { sessionMaxSeconds, sessionIdleSeconds }: Pick<Seat, 'sessionMaxSeconds' | 'sessionIdleSeconds'>,
  now: Date,
): boolean {
  const age = (now.getTime() - authenticatedAt.getTime()) / 1000
  const young = sessionMaxSeconds === null || age <= sessionMaxSeconds
  return young && (sessionIdleSeconds === null || longestIdleSeconds <= sessionIdleSeconds)
}

const joined = (given: string | undefined, scope: string): string =>
  given === undefined ? scope : joinScopes(given, scope)

/** Whether all that a request asks for was agreed to before: tokens for another resource server apart. */
export function isAgreedTo(given: Consent | undefined, { resource, scope }: AuthorizationRequest): boolean {
  const before = resource === undefined ? given?.scope : given?.resources[resource]
  return before !== undefined && covers(meaningOf(before), meaningOf(scope))
}

/** What is agreed to in all, once a request is. */
export function agreedWith(given: Consent | undefined, { resource, scope }: AuthorizationRequest): Consent {
  const { resources = {} } = given ?? {}
  const also = resource === undefined ? {} : { [resource]: joined(resources[resource], scope) }
  return { scope: joined(given?.scope, scope), resources: { ...resources, ...also } }
}

const SILENT = {
  sign_in: ['login_required', 'Somebody must sign in.'],
  consent: ['consent_required', 'Somebody must agree.'],
  choose: ['interaction_required', 'Somebody must choose an organization.'],
  no_seat: ['access_denied', 'Who is signed in may not use this application.'],
} as const

/** What a person must do. */
export type Step = keyof typeof SILENT

/** Refuses what would ask a person, where the application wants nobody asked.
 *  @throws AppError login_required, consent_required, interaction_required, access_denied. Source: OpenID Connect Core
 *  §3.1.2.6 */
export function refuseIfSilent({ prompt }: Pick<AuthorizationRequest, 'prompt'>, step: Step): void {
  const [kind, detail] = SILENT[step]
  if (prompt.has('none')) throw new AppError(kind, { detail })
}
