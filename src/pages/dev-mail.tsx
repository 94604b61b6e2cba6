import { type NextFunction, type Request, type Response, Router } from 'express'
import type { Knex } from 'knex'
import type { VNode } from 'preact'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import { AppError } from '../errors.js'
import { newestMessages, openMessage } from '../outbox/queue.js'
import { type Mail, renderMail } from '../outbox/render.js'
import { Code, EmptyState } from './blocks.js'
import { Document, sendDocument } from './document.js'

interface DevMailOptions {
  readonly knex: Knex
  readonly secrets: Pick<Secrets, 'open'>
  readonly config: Pick<Config, 'pagesUrl' | 'production' | 'smtpUrl'>
}

const SHOWN = 50
const LOOPBACK = /^(::ffff:)?127(\.\d{1,3}){3}$|^::1$/
const LOCAL_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/
/** Whoever came through a proxy is not on this machine, though the connection is. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Lets only this machine in. The name in `Host` must be this machine's too: else any web page could have its own name
 *  point here and read the mails. To others the page is not there. */
function onlyLocal(req: Request, _res: Response, next: NextFunction): void {
  const near = LOOPBACK.test(req.socket.remoteAddress ?? '') && LOCAL_HOST.test(req.headers.host ?? '')
  if (near && PROXY_HEADERS.every((name) => req.headers[name] === undefined)) next()
  else next(new AppError('no_route', { detail: 'There is nothing here.' }))
}

interface Shown {
  readonly mail: Mail
  readonly at: string
  readonly waiting: boolean
}

const MailItem = ({ mail, at, waiting }: Shown): VNode => (
  <article class="card" id={mail.id}>
    <h2>{mail.subject}</h2>
    <p>
      To {mail.to}, {at}
      {waiting ? ', waiting for the next run of the mail job' : ''}. <a href={mail.link}>Open the link</a>
    </p>
    <Code wrap>{mail.text}</Code>
  </article>
)

/** The page `/dev/mail`: in development, without SMTP_URL, mails are read here. They hold links that let people in, so that
 *  only this machine is served, and nobody in production. */
export function createDevMail({ knex, secrets, config }: DevMailOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  if (config.production || config.smtpUrl !== undefined) return router
  router.get('/dev/mail', onlyLocal, async (_req: Request, res: Response) => {
    const rows = await newestMessages(knex, SHOWN)
    const mails = rows.flatMap((row): Shown[] => {
      const message = openMessage(secrets, row)
      if (message === undefined) return []
      return [
        {
          mail: renderMail(row.id, message, config.pagesUrl),
          at: String(row.created_at),
          waiting: row.sent_at === null,
        },
      ]
    })
    const document = (
      <Document layout="wide" title="Mails" lead="What would be sent if SMTP_URL were set; newest first.">
        {mails.length === 0 ? <EmptyState>No mail yet. Invite somebody.</EmptyState> : mails.map(MailItem)}
      </Document>
    )
    sendDocument(res, { document })
  })
  return router
}
