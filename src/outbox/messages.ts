interface Common {
  readonly email: string
  /** Language of the reader, e.g. `en` or `pt-BR`, where it is known. */
  readonly language?: string
}

interface WithToken extends Common {
  /** The token in clear: it exists here (sealed) and in the mail, nowhere else. */
  readonly token: string
  readonly expiresAt: string
}

/** An invitation to a seat. */
export interface InvitationMessage extends WithToken {
  readonly kind: 'invitation'
  readonly organization: string
}

/** The question to a mailbox whether it belongs to the user who claims it. */
export interface EmailChangeMessage extends WithToken {
  readonly kind: 'email_change'
}

/** The way on for somebody who wants an account: only the mailbox can go it. */
export interface SignUpMessage extends WithToken {
  readonly kind: 'sign_up'
}

/** The answer to a wish for an account where there is one: the page says the same, the mailbox alone is told. */
export interface KnownAddressMessage extends Common {
  readonly kind: 'known_address'
}

/** The way to a new password. */
export interface PasswordResetMessage extends WithToken {
  readonly kind: 'password_reset'
}

/** Tells a person of what they should know, in case it was not them. */
export interface PasswordChangedMessage extends Common {
  readonly kind: 'password_changed'
  readonly at: string
}

/** The same for the second factor: it was set up, given up, or has new recovery codes. */
export interface TwoFactorChangedMessage extends Common {
  readonly kind: 'two_factor_changed'
  readonly change: 'on' | 'off' | 'codes'
  readonly at: string
}

/** The same for what else lets people in: the wish for another address, that address, a new secret of the personal credential,
 *  the credential itself. */
export interface AccountChangedMessage extends Common {
  readonly kind: 'account_changed'
  readonly change: 'address_wish' | 'address' | 'secret' | 'credential_on' | 'credential_off'
  readonly at: string
}

/** The kinds of message that can wait in the outbox, and what each carries. */
export type Message =
  | InvitationMessage
  | EmailChangeMessage
  | SignUpMessage
  | KnownAddressMessage
  | PasswordResetMessage
  | PasswordChangedMessage
  | TwoFactorChangedMessage
  | AccountChangedMessage
