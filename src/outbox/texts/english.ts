import type { Texts } from './texts.js'

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** The mails in English. */
export const english: Texts = {
  language: 'en',
  invitation: ({ organization, expiresAt }) => ({
    subject: `You are invited to join ${organization}`,
    heading: `Join ${organization}`,
    paragraphs: [
      `Somebody at ${organization} has invited you to their organization.`,
      `The invitation is good until ${day.format(expiresAt)} UTC.`,
    ],
    action: 'See the invitation',
    footer: 'If you did not expect this mail, you need not do anything: without you nothing happens.',
  }),
  emailChange: ({ expiresAt }) => ({
    subject: 'Confirm your new e-mail address',
    heading: 'Confirm your new e-mail address',
    paragraphs: [
      'Somebody with an account wants to use this address for it. It counts only when you confirm it.',
      `The link is good until ${day.format(expiresAt)} UTC.`,
    ],
    action: 'Confirm the address',
    footer: 'If you did not ask for this, you need not do anything: without you nothing happens.',
  }),
}
