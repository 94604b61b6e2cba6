import type { AccountChangedMessage } from '../messages.js'

/** What a mail says, in one language. A sentence is a paragraph; `action` is the link's. */
export interface MailText {
  readonly subject: string
  readonly heading: string
  readonly paragraphs: readonly string[]
  readonly action: string
  readonly footer: string
}

/** All mails in one language. A language is one more file like english.ts and a line in index.ts. */
export interface Texts {
  /** BCP 47, for `lang` in the HTML. */
  readonly language: string
  invitation(values: { organization: string; expiresAt: Date }): MailText
  emailChange(values: { expiresAt: Date }): MailText
  signUp(values: { expiresAt: Date }): MailText
  knownAddress(): MailText
  passwordReset(values: { expiresAt: Date }): MailText
  passwordChanged(values: { at: Date }): MailText
  accountChanged(values: { change: AccountChangedMessage['change']; at: Date }): MailText
  twoFactorChanged(values: { change: 'on' | 'off' | 'codes'; at: Date }): MailText
}
