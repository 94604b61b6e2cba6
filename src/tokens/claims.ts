import { randomBytes, randomInt } from 'node:crypto'
import { z } from 'zod'

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
  secretId?: string
  lifetimeSeconds: number
  /** As it is answered: the text that was asked for. */
  scope: string
  test: boolean
  market?: MarketClaim | undefined
}

interface Issuance {
  issuer: string
  audience: string
  now: Date
}

type OrganizationClaim = { id: string; slug: string; region: string }

function common(subject: Subject, issuance: Issuance) {
  const iat = Math.floor(issuance.now.getTime() / 1000)
  return {
    scope: subject.scope,
    exp: iat + subject.lifetimeSeconds,
    test: subject.test,
    rand: randomInt(1e9) / 1e9,
    iat,
    iss: issuance.issuer,
    // A token that nobody stands behind is its client's (RFC 9068 §2.2). Client ids have 43 characters and user ids
    // ten, so neither can be taken for the other (RFC 9700 §4.15).
    sub: subject.clientId,
    aud: [issuance.audience],
    client_id: subject.clientId,
    jti: `${subject.secretId ?? '-'}.${randomBytes(16).toString('base64url')}`,
  }
}

const application = (subject: Subject, kind: AccessClaims['application']['kind']) => ({
  id: subject.applicationId,
  client_id: subject.clientId,
  kind,
  public: kind === 'sales_channel',
  confidential: subject.authenticated,
})

const marketOf = ({ market }: Subject) => (market === undefined ? {} : { market })

const organizationClaim = ({ id: organizationId, slug, region }: OrganizationClaim) => ({
  id: organizationId,
  slug,
  enterprise: true,
  region,
})

/** Claims of a sales channel's guest token. Source: CONTRACT 6. */
export const salesChannelClaims = (
  subject: Subject & { organization: OrganizationClaim },
  issuance: Issuance,
): AccessClaims => ({
  organization: organizationClaim(subject.organization),
  application: application(subject, 'sales_channel'),
  ...marketOf(subject),
  ...common(subject, issuance),
})

/** Claims of an integration's token. Source: CONTRACT 6. */
export const integrationClaims = (
  subject: Subject & { organization: OrganizationClaim },
  issuance: Issuance,
): AccessClaims => ({
  organization: organizationClaim(subject.organization),
  application: application(subject, 'integration'),
  ...marketOf(subject),
  ...common(subject, issuance),
})

/** Claims of a personal provisioning token: no organization, because it spans all of the user's; never a test token.
 *  Source: CONTRACT 6. */
export const userClaims = (subject: Subject & { userId: string }, issuance: Issuance): AccessClaims => ({
  user: { id: subject.userId },
  application: application(subject, 'user'),
  ...common({ ...subject, test: false }, issuance),
})

/** Reads claims out of a parsed payload; undefined when a member is missing or of another type. */
export function readClaims(payload: unknown): AccessClaims | undefined {
  const parsed = accessClaims.safeParse(payload)
  return parsed.success ? parsed.data : undefined
}

/** What a revocation may name to end this token: itself, its secret, its credential, its organization, its
 *  user, its shopper. */
export function revocationTopics(claims: AccessClaims): string[] {
  const secretId = claims.jti.slice(0, claims.jti.lastIndexOf('.'))
  const userId = claims.user?.id ?? (claims.owner?.type === 'User' ? claims.owner.id : undefined)
  const topics = [`jti:${claims.jti}`, `credential:${claims.application.id}`]
  if (secretId !== '' && secretId !== '-') topics.push(`secret:${secretId}`)
  if (claims.organization) topics.push(`organization:${claims.organization.id}`)
  if (userId !== undefined) topics.push(`user:${userId}`)
  if (claims.owner?.type === 'Customer') topics.push(`customer:${claims.owner.id}`)
  return topics
}
