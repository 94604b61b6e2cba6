import type { Logger } from 'pino'
import type { Message } from './messages.js'
import { type Mail, renderMail } from './render.js'

/** What takes mails away. */
export interface Mailer {
  /** Whether what was sent must stay readable here, because the page of /dev/mail is where it is read. */
  readonly keeps: boolean
  render(id: string, message: Message): Mail
  /** Throws when the mail was not taken: then it is tried again. */
  send(mail: Mail): Promise<void>
  close(): void
}

interface MailerOptions {
  readonly smtpUrl: string | undefined
  /** As it stands in `From`, e.g. `Gatehouse <no-reply@example.com>`. */
  readonly mailFrom: string
  /** Where the pages for people are: the base of every link. */
  readonly pagesUrl: string
  readonly production: boolean
  readonly log: Pick<Logger, 'info'>
}

const CONNECT_MS = 10_000
const SILENCE_MS = 20_000
const CONNECTIONS = 5

/** The domain of an address, for Message-ID. */
const domainOf = (from: string): string => /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost'

async function transportTo(smtpUrl: string) {
  // At the first mail: a start need not wait for it.
  const { createTransport } = await import('nodemailer')
  return createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: CONNECTIONS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // What a message holds is text: it may neither name a file of ours nor an address to fetch from.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

function smtpMailer(smtpUrl: string, { mailFrom, pagesUrl }: MailerOptions): Mailer {
  let transport: ReturnType<typeof transportTo> | undefined
  return {
    keeps: false,
    render: (id, message) => renderMail(id, message, pagesUrl),
    async send({ id, to, subject, text, html }) {
      transport ??= transportTo(smtpUrl)
      const opened = await transport
      const messageId = `<${id}@${domainOf(mailFrom)}>`
      // An address given as an object is taken as it is, and not parsed as a list of them (ATTACKS S10).
      await opened.sendMail({ from: mailFrom, to: { name: '', address: to }, subject, text, html, messageId })
    },
    // What never opened has nothing to close: whoever sent has heard why.
    close: () =>
      void transport?.then(
        (opened) => opened.close(),
        () => undefined,
      ),
  }
}

/** In development: the mail is shown at /dev/mail. The log says that it is there and no more, because the mail's link is
 *  a secret and logs hold none. */
const pageMailer = ({ pagesUrl, log }: MailerOptions): Mailer => ({
  keeps: true,
  render: (id, message) => renderMail(id, message, pagesUrl),
  async send({ id }) {
    log.info({ mail: id }, 'a mail waits at /dev/mail (set SMTP_URL to send mails)')
  },
  close: () => undefined,
})

/** Makes what sends mails: SMTP where SMTP_URL names a server; in development without it the page /dev/mail; in
 *  production without it nothing, so that mails wait until it is set. */
export function createMailer(options: MailerOptions): Mailer | undefined {
  if (options.smtpUrl !== undefined) return smtpMailer(options.smtpUrl, options)
  return options.production ? undefined : pageMailer(options)
}
