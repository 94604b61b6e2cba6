import { claimMessages, markFailed, markSent, openMessage, type Waiting } from '../outbox/queue.js'
import { inBatches, type Job, type JobContext } from './job.js'

const BATCH = 10

/** What went wrong, for the row: the answer of the mail server may name the address, so the log gets less. */
const describe = (error: unknown): { text: string; code: string } => {
  const { message = '', code, responseCode } = error as { message?: string; code?: string; responseCode?: number }
  return { text: message, code: String(responseCode ?? code ?? 'unknown') }
}

async function sendOne(context: JobContext, row: Waiting): Promise<void> {
  const { knex, mailer, secrets, log, now } = context
  const message = openMessage(secrets, row)
  if (mailer === undefined) return
  const facts = { mail: row.id, kind: row.kind, attempt: row.attempts }
  try {
    if (message === undefined) throw Object.assign(new Error('the message cannot be read'), { code: 'unreadable' })
    await mailer.send(mailer.render(row.id, message))
  } catch (error) {
    const { text, code } = describe(error)
    const dead = await markFailed(knex, row, { now, error: `${code}: ${text}`, hopeless: message === undefined })
    if (dead) log.error({ ...facts, code }, 'a mail is dead: it could not be sent and is not tried again')
    else log.warn({ ...facts, code }, 'a mail was not taken; it will be tried again')
    return
  }
  await markSent(knex, row.id, { now, keep: mailer.keeps })
}

/** Sends what waits in the outbox, at least once: a crash between sending and marking sends again, under the same
 *  Message-ID. Failures are tried again after 30 s, 1, 2, 4 … minutes, up to six hours; after twelve a mail is dead. */
export const sendMail: Job = {
  name: 'send-mail',
  everySeconds: 2,
  async run(context) {
    const { mailer, knex, signal } = context
    if (mailer === undefined) return
    await inBatches(signal, BATCH, async () => {
      const rows = await claimMessages(knex, context.now, BATCH)
      await Promise.all(rows.map((row) => sendOne(context, row)))
      return rows.length
    })
  },
}
