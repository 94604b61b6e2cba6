import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as it came over the wire. */
export interface ReceivedMail {
  readonly from: string
  readonly to: string[]
  /** Headers by lower-case name, unfolded. */
  readonly headers: Record<string, string>
  /** All parts, with quoted-printable and base64 undone. */
  readonly text: string
}

interface Smtp {
  readonly url: string
  readonly mails: ReceivedMail[]
  /** What the server answers to the text of a mail; undefined takes it. */
  refuse(with_: { code: number; words: string } | undefined): void
  /** While held, the text of a mail gets no answer. */
  hold(held: boolean): void
  stop(): Promise<void>
}

function decoded(body: string): string {
  const parts = body.split(/\r\n--[^\r\n]+(?:\r\n|$)/)
  return parts
    .map((part) => {
      if (/content-transfer-encoding: base64/i.test(part)) {
        return Buffer.from(part.split('\r\n\r\n').slice(1).join(''), 'base64').toString('utf8')
      }
      const soft = part.replaceAll(/=\r\n/g, '')
      const bytes = soft.replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
      return Buffer.from(bytes, 'latin1').toString('utf8')
    })
    .join('\n')
}

function headersOf(raw: string): Record<string, string> {
  const head = (raw.split('\r\n\r\n')[0] ?? '').replaceAll(/\r\n[ \t]+/g, ' ')
  return Object.fromEntries(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
}

/** A mail server of the specs' own on 127.0.0.1, without TLS and passwords. */
export async function startSmtp(): Promise<Smtp> {
  const mails: ReceivedMail[] = []
  let refusal: { code: number; words: string } | undefined
  let held = false
  const options: SMTPServerOptions = {
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 100,
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.on('end', () => {
        if (held) return
        if (refusal) {
          callback(Object.assign(new Error(refusal.words), { responseCode: refusal.code }))
          return
        }
        const raw = Buffer.concat(chunks).toString('utf8')
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          headers: headersOf(raw),
          text: decoded(raw),
        })
        callback()
      })
    },
  }
  const server = new SMTPServer(options)
  // A client that is killed in the middle of a sentence is none of the server's faults.
  server.on('error', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refuse: (how) => {
      refusal = how
    },
    hold: (how) => {
      held = how
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The invitation token in a mail's link. */
export const tokenIn = (text: string): string => /\/invitations\/([A-Za-z0-9_-]+)/.exec(text)?.[1] ?? ''
