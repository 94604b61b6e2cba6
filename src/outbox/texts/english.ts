import { moment } from './moment.js'
import type { Texts } from './texts.js'

const NOT_ASKED = 'If you did not ask for this, you need not do anything: without you nothing happens.'
const TWO_FACTOR = {
  on: 'Signing in asks you for a second factor now',
  off: 'Signing in asks you for no second factor any more',
  codes: 'You have new recovery codes',
} as const
const ACCOUNT = {
  address_wish: 'Your account is to have another address',
  address: 'Your account has another address now',
  secret: 'Your API credential has a new secret',
  credential_on: 'Your API credential was switched on',
  credential_off: 'Your API credential was switched off',
} as const

const NOT_ME = {
  address_wish:
    'It counts when the mailbox of that address has confirmed it. If it was not you, choose a new password at once: that takes it back.',
  address:
    'If it was not you, tell an owner of your organization or whoever runs this service at once: this address signs nobody in any more.',
  credential: 'If it was not you, choose a new password at once: somebody knows the one you have.',
} as const

/** The mails in English. */
export const english: Texts = {
  language: 'en',
  invitation: ({ organization, expiresAt }) => ({
    subject: `You are invited to join ${organization}`,
    heading: `Join ${organization}`,
    paragraphs: [
      `Somebody at ${organization} has invited you to their organization.`,
      `The invitation is good until ${moment(expiresAt)} UTC.`,
    ],
    action: 'See the invitation',
    footer: 'If you did not expect this mail, you need not do anything: without you nothing happens.',
  }),
  emailChange: ({ expiresAt }) => ({
    subject: 'Confirm your new e-mail address',
    heading: 'Confirm your new e-mail address',
    paragraphs: [
      'Somebody with an account wants to use this address for it. It counts only when you confirm it.',
      `The link is good until ${moment(expiresAt)} UTC.`,
    ],
    action: 'Confirm the address',
    footer: NOT_ASKED,
  }),
  signUp: ({ expiresAt }) => ({
    subject: 'Finish your sign-up',
    heading: 'Finish your sign-up',
    paragraphs: [
      'Somebody wants an account with this address. If that is you, open the link, give your name and choose a password.',
      `The link is good until ${moment(expiresAt)} UTC, and once.`,
    ],
    action: 'Finish the sign-up',
    footer: NOT_ASKED,
  }),
  knownAddress: () => ({
    subject: 'You have an account already',
    heading: 'You have an account already',
    paragraphs: [
      'Somebody wanted to sign up with this address, which has an account. If that was you, sign in with it.',
      'If you do not know your password any more, the page where you sign in helps you to a new one.',
    ],
    action: 'Sign in',
    footer: NOT_ASKED,
  }),
  passwordReset: ({ expiresAt }) => ({
    subject: 'Choose a new password',
    heading: 'Choose a new password',
    paragraphs: [
      'Somebody asked for a new password for the account with this address. If that was you, open the link and choose one.',
      `The link is good until ${moment(expiresAt)} UTC, and once. Your old password is good until then.`,
    ],
    action: 'Choose a new password',
    footer: NOT_ASKED,
  }),
  passwordChanged: ({ at }) => ({
    subject: 'Your password was changed',
    heading: 'Your password was changed',
    paragraphs: [
      `The password of your account was changed on ${moment(at)} UTC. You were signed out wherever you were signed in, and applications must ask you again.`,
      'If that was not you, choose a new password at once.',
    ],
    action: 'Choose a new password',
    footer: 'If it was you, you need not do anything.',
  }),
  twoFactorChanged: ({ change, at }) => ({
    subject: TWO_FACTOR[change],
    heading: TWO_FACTOR[change],
    paragraphs: [
      `That was done in your account on ${moment(at)} UTC.`,
      'If it was not you, choose a new password at once: somebody knows the one you have.',
    ],
    action: 'Choose a new password',
    footer: 'If it was you, you need not do anything.',
  }),
  accountChanged: ({ change, at }) => ({
    subject: ACCOUNT[change],
    heading: ACCOUNT[change],
    paragraphs: [
      `That was done in your account on ${moment(at)} UTC.`,
      change === 'address' || change === 'address_wish' ? NOT_ME[change] : NOT_ME.credential,
    ],
    action: change === 'address' ? 'Sign in with the new address' : 'Choose a new password',
    footer: 'If it was you, you need not do anything.',
  }),
}
