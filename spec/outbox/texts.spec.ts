import { expect, test } from '@jest/globals'
import type { Message } from '../../src/outbox/messages.js'
import { renderMail } from '../../src/outbox/render.js'

const PAGES = 'https://dashboard.gatehouse.test'
const expiresAt = '2026-11-22T15:00:00.000Z'
const to = { email: 'ada@example.com' }
const proof = { ...to, token: 'gh_x_a/b?c', expiresAt }

const messages: [Message, string][] = [
  [{ kind: 'invitation', organization: 'The <b>Blue</b>\nBrand', ...proof }, '/invitations/gh_x_a%2Fb%3Fc'],
  [{ kind: 'email_change', ...proof }, '/verify_email/gh_x_a%2Fb%3Fc'],
  [{ kind: 'sign_up', ...proof }, '/sign_up/gh_x_a%2Fb%3Fc'],
  [{ kind: 'known_address', ...to }, '/login'],
  [{ kind: 'password_reset', ...proof }, '/reset_password/gh_x_a%2Fb%3Fc'],
  [{ kind: 'password_changed', ...to, at: expiresAt }, '/forgotten_password'],
  [{ kind: 'account_changed', ...to, change: 'address_wish', at: expiresAt }, '/forgotten_password'],
  [{ kind: 'account_changed', ...to, change: 'address', at: expiresAt }, '/login'],
  [{ kind: 'account_changed', ...to, change: 'secret', at: expiresAt }, '/forgotten_password'],
  [{ kind: 'account_changed', ...to, change: 'credential_on', at: expiresAt }, '/forgotten_password'],
  [{ kind: 'account_changed', ...to, change: 'credential_off', at: expiresAt }, '/forgotten_password'],
  [{ kind: 'two_factor_changed', ...to, change: 'on', at: expiresAt }, '/forgotten_password'],
  [{ kind: 'two_factor_changed', ...to, change: 'off', at: expiresAt }, '/forgotten_password'],
  [{ kind: 'two_factor_changed', ...to, change: 'codes', at: expiresAt }, '/forgotten_password'],
]

test.each(messages)('S9 %j is a mail of one recipient whose one link is ours', (message, path) => {
  const mail = renderMail('AbCdEfGhIj', message, PAGES)
  expect([mail.to, mail.link]).toEqual(['ada@example.com', `${PAGES}${path}`])
  expect(mail.text).toContain(mail.link)
  expect(mail.subject).not.toMatch(/[\r\n]/)
  expect([...mail.html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual([mail.link])
  expect(mail.html).not.toContain('<b>')
  if ('token' in message || 'at' in message) expect(mail.text).toContain('22 November 2026 at 15:00 UTC')
})

test('each says something of its own, in the language that is there', () => {
  const mails = messages.map(([message]) => renderMail('AbCdEfGhIj', { ...message, language: 'xx-YY' }, PAGES))
  expect(new Set(mails.map(({ subject }) => subject)).size).toBe(messages.length)
})
