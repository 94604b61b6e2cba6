import type { Message } from '../../src/outbox/messages.js'
import { openMessage, type Waiting } from '../../src/outbox/queue.js'
import { renderMail } from '../../src/outbox/render.js'
import type { Service } from './service.js'

type Place = Pick<Service, 'db' | 'parts' | 'config'>

/** A mail that waits for an address. `path` is that of its link, behind the address of the pages. */
export interface Letter {
  readonly message: Message
  readonly link: string
  readonly path: string
}

/** What waits for an address, oldest first, read as its mailbox would read it. */
export async function lettersTo(service: Place, email: string): Promise<Letter[]> {
  const rows: Waiting[] = await service.db.knex('outbox').whereNull('sent_at').orderBy(['created_at', 'id'])
  return rows.flatMap((row) => {
    const message = openMessage(service.parts.secrets, row)
    if (message?.email !== email) return []
    const { link } = renderMail(row.id, message, service.config.pagesUrl)
    return [{ message, link, path: link.slice(service.config.pagesUrl.length) }]
  })
}

/** The newest mail of a kind to an address. */
export async function letterTo(service: Place, email: string, kind: Message['kind']): Promise<Letter> {
  const letter = (await lettersTo(service, email)).findLast(({ message }) => message.kind === kind)
  if (letter === undefined) throw new Error(`no ${kind} waits for ${email}`)
  return letter
}
