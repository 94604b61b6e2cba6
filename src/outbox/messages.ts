interface Common {
  readonly email: string
  /** The token in clear: it exists here (sealed) and in the mail, nowhere else. */
  readonly token: string
  readonly expiresAt: string
  /** Language of the reader, e.g. `en` or `pt-BR`, where it is known. */
  readonly language?: string
}

/** An invitation to a seat. */
export interface InvitationMessage extends Common {
  readonly kind: 'invitation'
  readonly organization: string
}

/** The question to a mailbox whether it belongs to the user who claims it. */
export interface EmailChangeMessage extends Common {
  readonly kind: 'email_change'
}

/** The kinds of message that can wait in the outbox, and what each carries. */
export type Message = InvitationMessage | EmailChangeMessage
