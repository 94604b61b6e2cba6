/** Application kinds that a token can name. Source: DECISIONS 3. */
export type ApplicationKind = 'sales_channel' | 'integration' | 'webapp' | 'user' | 'dashboard' | 'resources'

/** Who calls: one verified access token, in our words. Nothing in it is a right; rights are the evaluator's answer. */
export interface Principal {
  readonly kind: ApplicationKind
  /** Id of the credential that the token was minted for. */
  readonly applicationId: string
  /** The organization of the token; absent for kinds `user` and `dashboard` that span all of the user's. */
  readonly organizationId?: string
  /** The user on whose behalf the token speaks; absent for machines. */
  readonly userId?: string
  /** Whether the application has named that user, who has not signed in: then it lends less than all of their rights. */
  readonly asserted?: true
  /** Scope items as they stand in the token. */
  readonly scope: readonly string[]
  /** Whether this is a test-mode token. */
  readonly test: boolean
}

/** What `versions.who` says of a principal. Source: CONTRACT 3.10. */
export function whoIs(principal: Principal): Record<string, unknown> {
  const application = {
    id: principal.applicationId,
    kind: principal.kind,
    public: principal.kind === 'sales_channel',
  }
  return principal.userId === undefined ? { application } : { application, user: { id: principal.userId } }
}

/** One word for a caller: its application and, where it acts for one, its user. */
export const callerName = ({ applicationId, userId }: Principal): string =>
  userId === undefined ? applicationId : `${applicationId}:${userId}`
