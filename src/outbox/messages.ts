/** The kinds of message that can wait in the outbox, and what each carries. */
export type Message = {
  readonly kind: 'invitation'
  readonly email: string
  readonly organization: string
  /** The invitation token in clear: it exists here (sealed) and in the mail, nowhere else. */
  readonly token: string
  readonly expiresAt: string
}
