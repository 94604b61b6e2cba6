import type { Message } from './messages.js'
import { textsFor } from './texts/index.js'
import type { MailText, Texts } from './texts/texts.js'

/** A mail, ready to be sent or shown. */
export interface Mail {
  /** Id of the outbox row: a mail that is sent twice has the same twice. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly link: string
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** What a tenant calls itself stands in a header line and in sentences: one line, of a length that leaves room. */
function oneLine(text: string): string {
  const plain = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()
  return plain.length > 100 ? `${plain.slice(0, 99)}…` : plain
}

const plain = ({ heading, paragraphs, action, footer }: MailText, link: string): string =>
  [heading, ...paragraphs, `${action}:\n${link}`, `--\n${footer}`].join('\n\n').concat('\n')

/** Styles stand in the elements: many readers drop a style sheet. No image, nothing is loaded from anywhere. */
function markup(text: MailText, { link, language }: { link: string; language: string }): string {
  const paragraphs = text.paragraphs.map((one) => `<p style="margin:0 0 16px">${escaped(one)}</p>`).join('\n')
  const button =
    'display:inline-block;padding:12px 20px;border-radius:8px;background:#8a4b16;color:#ffffff;text-decoration:none'
  return `<!doctype html>
<html lang="${escaped(language)}"><head><meta charset="utf-8"><title>${escaped(text.subject)}</title></head>
<body style="margin:0;padding:32px 16px;background:#fbfaf7;color:#1d2126;font:16px/1.6 system-ui,sans-serif">
<div style="max-width:36rem;margin:0 auto">
<h1 style="font-size:22px;margin:0 0 16px">${escaped(text.heading)}</h1>
${paragraphs}
<p style="margin:0 0 16px"><a href="${escaped(link)}" style="${button}">${escaped(text.action)}</a></p>
<p style="margin:0 0 16px;font-size:14px;overflow-wrap:anywhere">${escaped(link)}</p>
<p style="margin:0;color:#5b6470;font-size:14px">${escaped(text.footer)}</p>
</div></body></html>
`
}

interface Content {
  readonly text: MailText
  /** Path of the link. */
  readonly path: string
}

/** What a message says, and where its link leads. */
function contentOf(message: Message, texts: Texts): Content {
  switch (message.kind) {
    case 'invitation': {
      const values = { organization: oneLine(message.organization), expiresAt: new Date(message.expiresAt) }
      return { text: texts.invitation(values), path: withToken('invitations', message) }
    }
    case 'email_change':
      return { text: texts.emailChange(validity(message)), path: withToken('verify_email', message) }
    case 'sign_up':
      return { text: texts.signUp(validity(message)), path: withToken('sign_up', message) }
    case 'password_reset':
      return { text: texts.passwordReset(validity(message)), path: withToken('reset_password', message) }
    case 'known_address':
      return { text: texts.knownAddress(), path: 'login' }
    case 'password_changed':
      return { text: texts.passwordChanged({ at: new Date(message.at) }), path: 'forgotten_password' }
    case 'account_changed': {
      const { change } = message
      const text = texts.accountChanged({ change, at: new Date(message.at) })
      return { text, path: change === 'address' ? 'login' : 'forgotten_password' }
    }
    case 'two_factor_changed': {
      const values = { change: message.change, at: new Date(message.at) }
      return { text: texts.twoFactorChanged(values), path: 'forgotten_password' }
    }
  }
}

const withToken = (page: string, { token }: { token: string }): string => `${page}/${encodeURIComponent(token)}`
const validity = ({ expiresAt }: { expiresAt: string }): { expiresAt: Date } => ({ expiresAt: new Date(expiresAt) })

/** Makes the mail of a message. Its link begins with `pagesUrl`, which is configuration: no header of any request has a
 *  say in it (ATTACKS S9). */
export function renderMail(id: string, message: Message, pagesUrl: string): Mail {
  const texts = textsFor(message.language)
  const { text, path } = contentOf(message, texts)
  const link = `${pagesUrl}/${path}`
  return {
    id,
    to: message.email,
    subject: text.subject,
    text: plain(text, link),
    html: markup(text, { link, language: texts.language }),
    link,
  }
}
