import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { freshBytes } from '../crypto/fresh-bytes.js'

/** Application kinds that a token can name. Source: DECISIONS 3. */
const KINDS = ['sales_channel', 'integration', 'webapp', 'user', 'dashboard', 'resources'] as const

const seconds = z.int().nonnegative()
const id = z.string().min(1).max(64)

const marketClaim = z.object({
  id: z.array(id),
  stock_location_ids: z.array(id),
  geocoder_id: z.string().nullable(),
  allows_external_prices: z.boolean(),
})

/** What a token says of the markets that its scope names. Source: CONTRACT 6. */
export type MarketClaim = z.infer<typeof marketClaim>

/** What an access token says. Source: CONTRACT 6; RFC 9068 §2.2 for the last four. */
const accessClaims = z.object({
  organization: z.object({ id, slug: z.string(), enterprise: z.boolean(), region: z.string() }).optional(),
  user: z.object({ id }).optional(),
  application: z.object({
    id,
    client_id: z.string().min(1),
    kind: z.enum(KINDS),
    public: z.boolean(),
    confidential: z.boolean(),
  }),
  market: marketClaim.optional(),
  owner: z.object({ id, type: z.enum(['Customer', 'User']) }).optional(),
  custom_claim: z.record(z.string(), z.unknown()).optional(),
  scope: z.string(),
  exp: seconds,
  test: z.boolean(),
  rand: z.number(),
  iat: seconds,
  nbf: seconds.optional(),
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
  client_id: z.string().min(1),
  jti: z.string().min(1).max(128),
  auth_time: seconds.optional(),
  amr: z.array(z.string()).optional(),
  sid: id.optional(),
  family: id.optional(),
  act: z.object({ sub: z.string().min(1) }).optional(),
})

/** The claims of an access token of ours. */
export type AccessClaims = z.infer<typeof accessClaims>

/** What a claims function needs to know of the client and the request. Lifetimes in seconds. */
export interface Subject {
  applicationId: string
  clientId: string
  /** Whether a secret was presented in this request (the contract's `confidential`). */
  authenticated: boolean
  /** Row id of the secret presented; the token dies with it. */
  secretId?: string | undefined
  lifetimeSeconds: number
  /** As it is answered: the text that was asked for. */
  scope: string
  test: boolean
  market?: MarketClaim | undefined
  /** Whom the token acts for; absent: the client itself. */
  owner?: { id: string; type: 'Customer' | 'User' } | undefined
  /** Copied out of an assertion (CONTRACT 5.8). */
  customClaim?: Record<string, unknown> | undefined
  /** The family of refresh tokens that it was issued with: it ends with it. */
  familyId?: string | undefined
  /** The browser session of its owner: it ends with it. */
  sessionId?: string | undefined
  /** When and how its owner has signed in (RFC 9068 §2.2.1). */
  authenticatedAt?: Date | undefined
  amr?: readonly string[] | undefined
  /** Resource servers beside this one that the token is for (RFC 8707). */
  resource?: string | undefined
  /** Whether the client has named its owner, who has not signed in: then the token says who acts (RFC 8693 §4.1). */
  asserted?: boolean | undefined
}

interface Issuance {
  issuer: string
  audience: string
  now: Date
}

type OrganizationClaim = { id: string; slug: string; region: string }

const application = (subject: Subject, kind: AccessClaims['application']['kind']) => ({
  id: subject.applicationId,
  client_id: subject.clientId,
  kind,
  public: kind === 'sales_channel',
  confidential: subject.authenticated,
})

const organizationClaim = ({ id: organizationId, slug, region }: OrganizationClaim) => ({
  id: organizationId,
  slug,
  enterprise: true,
  region,
})

/** Whom a token is about, beside its subject. */
interface About {
  readonly organization?: OrganizationClaim
  readonly user?: { id: string }
  readonly kind: AccessClaims['application']['kind']
}

/** All claims of a token, in one literal: it is made for each. What is undefined is no claim: JSON leaves it out. */
function claimsAbout(
  { organization, user, kind }: About,
  subject: Subject,
  { issuer, audience, now }: Issuance,
): AccessClaims {
  const { authenticatedAt, amr, owner, clientId } = subject
  const iat = Math.floor(now.getTime() / 1000)
  return {
    organization: organization && organizationClaim(organization),
    user,
    application: application(subject, kind),
    market: organization && subject.market,
    owner: organization && owner,
    custom_claim: organization && subject.customClaim,
    scope: subject.scope,
    exp: iat + subject.lifetimeSeconds,
    test: user === undefined && subject.test,
    rand: randomInt(1e9) / 1e9,
    iat,
    iss: issuer,
    // A token that nobody stands behind is its client's (RFC 9068 §2.2). Client ids have 43 characters and user ids
    // ten, so neither can be taken for the other (RFC 9700 §4.15).
    sub: owner?.id ?? clientId,
    aud: subject.resource === undefined ? [audience] : [audience, subject.resource],
    client_id: clientId,
    jti: `${subject.secretId ?? '-'}.${freshBytes(16).toString('base64url')}`,
    auth_time: authenticatedAt && Math.floor(authenticatedAt.getTime() / 1000),
    amr: amr === undefined || amr.length === 0 ? undefined : [...amr],
    sid: subject.sessionId,
    family: subject.familyId,
    act: subject.asserted === true ? { sub: clientId } : undefined,
  }
}

type OrganizationKind = 'sales_channel' | 'integration' | 'webapp' | 'dashboard'

/** Claims of a token that stands in one organization, whoever it acts for. Key order as in CONTRACT 6. */
export const organizationClaims = (
  kind: OrganizationKind,
  subject: Subject & { organization: OrganizationClaim },
  issuance: Issuance,
): AccessClaims => claimsAbout({ kind, organization: subject.organization }, subject, issuance)

/** Claims of a token that spans all organizations of its user: a personal one, or the console's; never a test token.
 *  Source: CONTRACT 6. */
export const userClaims = (
  subject: Subject & { userId: string; kind?: 'user' | 'dashboard' },
  issuance: Issuance,
): AccessClaims => claimsAbout({ kind: subject.kind ?? 'user', user: { id: subject.userId } }, subject, issuance)

/** Reads claims out of a parsed payload; undefined when a member is missing or of another type. */
export function readClaims(payload: unknown): AccessClaims | undefined {
  const parsed = accessClaims.safeParse(payload)
  return parsed.success ? parsed.data : undefined
}

/** What a revocation may name to end this token: itself, its secret, its credential, its organization, its
 *  user, its shopper, the family of refresh tokens that it came with, the sign-in behind it. */
export function revocationTopics(claims: AccessClaims): string[] {
  const secretId = claims.jti.slice(0, claims.jti.lastIndexOf('.'))
  const userId = claims.user?.id ?? (claims.owner?.type === 'User' ? claims.owner.id : undefined)
  const topics = [`jti:${claims.jti}`, `credential:${claims.application.id}`]
  if (secretId !== '' && secretId !== '-') topics.push(`secret:${secretId}`)
  if (claims.organization) topics.push(`organization:${claims.organization.id}`)
  if (userId !== undefined) topics.push(`user:${userId}`)
  if (claims.owner?.type === 'Customer') topics.push(`customer:${claims.owner.id}`)
  if (claims.family !== undefined) topics.push(`family:${claims.family}`)
  if (claims.sid !== undefined) topics.push(`session:${claims.sid}`)
  return topics
}
