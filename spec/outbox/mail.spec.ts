import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readConfig } from '../../src/config.js'
import type { Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { newId } from '../../src/ids.js'
import { sendMail } from '../../src/jobs/send-mail.js'
import { createMailer, type Mailer } from '../../src/outbox/mailer.js'
import { MAX_ATTEMPTS } from '../../src/outbox/queue.js'
import { anOwner, type Owner, resource } from '../support/api.js'
import { freshDatabase } from '../support/database.js'
import { invite } from '../support/invitations.js'
import { rowsOf, runJob } from '../support/jobs.js'
import { type Service, startService } from '../support/service.js'
import { startSmtp, tokenIn } from '../support/smtp.js'

jest.setTimeout(60_000)

let db: Database
let service: Service
let owner: Owner
let smtp: Awaited<ReturnType<typeof startSmtp>>
let mailer: Mailer

beforeAll(async () => {
  db = await freshDatabase()
  await migrate(db)
  service = await startService({ db })
  owner = await anOwner(service, 'The Blue Brand')
  smtp = await startSmtp()
  mailer = smtpMailer()
})
afterAll(async () => {
  mailer.close()
  await smtp.stop()
  await service.stop()
  await db.close()
})
afterEach(async () => {
  smtp.mails.length = 0
  smtp.refuse(undefined)
  await db.knex('outbox').delete()
})

function smtpMailer(): Mailer {
  const made = createMailer({ ...service.config, smtpUrl: smtp.url, log: { info: () => undefined } })
  if (made === undefined) throw new Error('no mailer')
  return made
}
const address = (): string => `${newId().toLowerCase()}@example.com`
const later = (ms: number): Date => new Date(Date.now() + ms)

describe('an invitation by real SMTP', () => {
  test('has text and HTML, a Message-ID made from the outbox id, one recipient, and a link that works', async () => {
    const to = address()
    expect((await invite(owner, to)).status).toBe(201)
    const [waiting] = await rowsOf<{ id: string }>(service, 'outbox', {})
    await runJob(service, sendMail, { mailer })
    expect(smtp.mails).toHaveLength(1)
    const [mail] = smtp.mails
    expect(mail).toMatchObject({ to: [to], from: 'no-reply@gatehouse.test' })
    expect(mail?.headers).toMatchObject({
      'message-id': `<${waiting?.id}@gatehouse.test>`,
      subject: 'You are invited to join The Blue Brand',
      from: 'Gatehouse <no-reply@gatehouse.test>',
    })
    expect(mail?.headers['content-type']).toMatch(/^multipart\/alternative/)
    const token = tokenIn(mail?.text ?? '')
    const link = `https://dashboard.gatehouse.test/invitations/${token}`
    expect(mail?.text).toContain(`See the invitation:\n${link}`.replace('\n', '\r\n'))
    expect(mail?.text).toContain(`<a href="${link}"`)
    const hash = service.parts.secrets.hash(token)
    expect(await rowsOf(service, 'memberships', { invitation_token_hash: hash, user_email: to })).toHaveLength(1)
  })

  test('S8 what was sent is wiped: the token stands nowhere any more, and nowhere in the log', async () => {
    await invite(owner, address())
    const logs = await runJob(service, sendMail, { mailer })
    const token = tokenIn(smtp.mails[0]?.text ?? '')
    expect(token).toMatch(/^gh_invite_/)
    const [row] = await rowsOf(service, 'outbox', {})
    expect(row).toMatchObject({ payload: '', attempts: 1, dead_at: null, last_error: null })
    expect(row?.sent_at).not.toBeNull()
    expect(JSON.stringify([logs, service.logs])).not.toContain(token)
  })

  test('S9 links come from the configuration, whatever Host and forwarding headers say', async () => {
    const links = {
      organization: ['organizations', owner.organizationId],
      role: ['roles', owner.roles.Member],
    } as Record<string, [string, string]>
    const evil = {
      'x-forwarded-host': 'evil.test',
      forwarded: 'host=evil.test;proto=http',
      'x-forwarded-proto': 'http',
      x_forwarded_host: 'evil.test',
      'x-host': 'evil.test',
    }
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const body = JSON.stringify(resource('memberships', { user_email: address() }, links))
      const headers = {
        ...evil,
        host: 'evil.test',
        authorization: `Bearer ${owner.token}`,
        'content-type': 'application/vnd.api+json',
        'content-length': Buffer.byteLength(body),
      }
      request(`${service.url}/api/memberships`, { method: 'POST', headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end(body)
    })
    expect(status).toBe(201)
    await runJob(service, sendMail, { mailer })
    const [mail] = smtp.mails
    expect(JSON.stringify(mail)).not.toContain('evil')
    expect(mail?.text.match(/https?:\/\/[^/\s"]+/g)?.every((one) => one === 'https://dashboard.gatehouse.test')).toBe(
      true,
    )
  })

  test('J19 a name with HTML, line breaks and a header in it is text in one line', async () => {
    const name = 'Evil <img src=x onerror=alert(1)>\r\nBcc: victim@example.com\r\n\r\n<script>'
    await owner.patch(`/organizations/${owner.organizationId}`, {
      data: { type: 'organizations', id: owner.organizationId, attributes: { name } },
    })
    await invite(owner, address())
    await runJob(service, sendMail, { mailer })
    const [mail] = smtp.mails
    expect(mail?.to).toHaveLength(1)
    expect(mail?.headers.bcc).toBeUndefined()
    expect(mail?.headers.subject).toContain('Bcc: victim@example.com')
    expect(mail?.text).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(mail?.text.slice(mail.text.indexOf('<!doctype'))).not.toContain('<img')
  })

  test('S10 an address is one address: no list, no second recipient', async () => {
    for (const bad of [
      'a@example.com,b@example.com',
      'a@example.com b@example.com',
      'A <a@example.com>',
      'a@example.com.',
    ]) {
      expect([bad, (await invite(owner, bad)).status]).toEqual([bad, 422])
    }
    const to = address()
    expect((await invite(owner, to.toUpperCase())).body.data.attributes.user_email).toBe(to)
    expect((await invite(owner, to)).status).toBe(409)
    await runJob(service, sendMail, { mailer })
    expect(smtp.mails.map((mail) => mail.to)).toEqual([[to]])
  })
})

describe('delivery', () => {
  test('two instances at once send each mail once', async () => {
    const addresses = Array.from({ length: 25 }, address)
    for (const to of addresses) await invite(owner, to)
    const other = smtpMailer()
    await Promise.all([runJob(service, sendMail, { mailer }), runJob(service, sendMail, { mailer: other })])
    other.close()
    expect(smtp.mails.flatMap((mail) => mail.to).sort()).toEqual(addresses.sort())
  })

  test('F21 a refused mail is tried again after growing pauses; then it is dead, and visible', async () => {
    const to = address()
    await invite(owner, to)
    smtp.refuse({ code: 451, words: `try later, ${to}` })
    let now = new Date()
    const pauses: number[] = []
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const logs = await runJob(service, sendMail, { mailer, now })
      const [row] = await rowsOf(service, 'outbox', {})
      const dead = attempt === MAX_ATTEMPTS
      expect(row).toMatchObject({ attempts: attempt, sent_at: null, dead_at: dead ? now.toISOString() : null })
      expect(String(row?.last_error)).toMatch(/^451: .*try later/)
      expect(logs.map(({ level, mail }) => [level, mail])).toEqual([[dead ? 50 : 40, row?.id]])
      // The mail server's words may name the person.
      expect(JSON.stringify(logs)).not.toContain(to)
      if (dead) break
      pauses.push((Date.parse(String(row?.next_attempt_at)) - now.getTime()) / 1000)
      expect(await runJob(service, sendMail, { mailer, now: new Date(now.getTime() + 1000) })).toEqual([])
      now = new Date(String(row?.next_attempt_at))
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 21_600])
    smtp.refuse(undefined)
    await runJob(service, sendMail, { mailer, now: later(365 * 24 * 3600 * 1000) })
    expect(smtp.mails).toEqual([])
  })

  test('one that works again is sent once', async () => {
    await invite(owner, address())
    smtp.refuse({ code: 421, words: 'busy' })
    await runJob(service, sendMail, { mailer })
    smtp.refuse(undefined)
    await runJob(service, sendMail, { mailer })
    expect(smtp.mails).toHaveLength(0)
    await runJob(service, sendMail, { mailer, now: later(60_000) })
    await runJob(service, sendMail, { mailer, now: later(600_000) })
    expect(smtp.mails).toHaveLength(1)
  })

  test('F21 a server that does not answer fails the attempt, not the job', async () => {
    await invite(owner, address())
    const nobody = createMailer({ ...service.config, smtpUrl: 'smtp://127.0.0.1:1', log: { info: () => undefined } })
    if (nobody === undefined) throw new Error('no mailer')
    await runJob(service, sendMail, { mailer: nobody })
    nobody.close()
    expect((await rowsOf(service, 'outbox', {}))[0]).toMatchObject({ attempts: 1, sent_at: null, dead_at: null })
  })

  test('a message that cannot be opened is dead at once', async () => {
    await invite(owner, address())
    await db.knex('outbox').update({ payload: 'v1.AAAA.AAAA.AAAA' })
    const logs = await runJob(service, sendMail, { mailer })
    expect(logs).toMatchObject([{ level: 50, code: 'unreadable' }])
    expect((await rowsOf(service, 'outbox', {}))[0]?.dead_at).not.toBeNull()
  })

  test('in production without SMTP_URL mails wait', async () => {
    expect(createMailer({ ...service.config, production: true, log: { info: () => undefined } })).toBeUndefined()
    await invite(owner, address())
    await runJob(service, sendMail)
    expect((await rowsOf(service, 'outbox', {}))[0]).toMatchObject({ attempts: 0, sent_at: null })
  })
})

test('a bad SMTP_URL or MAIL_FROM stops the start, names itself and hides the password', () => {
  const env = { SMTP_URL: 'http://me:hush-hush@mail.test', MAIL_FROM: 'nobody\r\nBcc: x@y.test', JOBS: 'perhaps' }
  const problem = ((): string => {
    try {
      readConfig(env)
      return 'none'
    } catch (error) {
      return (error as Error).message
    }
  })()
  for (const name of ['SMTP_URL: must begin with smtp://', 'MAIL_FROM: must be an address', 'JOBS: ']) {
    expect(problem).toContain(name)
  }
  expect(problem).not.toContain('hush-hush')
  expect(readConfig({}).mailFrom).toBe('Gatehouse <no-reply@localhost>')
})

describe('/dev/mail', () => {
  const page = (headers: Record<string, string> = {}, at = service) => fetch(`${at.url}/dev/mail`, { headers })

  test('S8 shows the mails of development; the log says that one waits there, and not its link', async () => {
    const to = address()
    await invite(owner, to)
    const waiting = await (await page()).text()
    expect(waiting).toContain('waiting for the next run')
    const logged: unknown[] = []
    const dev = createMailer({
      ...service.config,
      log: { info: (...all: unknown[]) => void logged.push(all) } as never,
    })
    if (dev === undefined) throw new Error('no mailer')
    await runJob(service, sendMail, { mailer: dev })
    const answer = await page()
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const text = await answer.text()
    const token = tokenIn(text)
    expect(text).toContain(`To ${to}`)
    expect(text).not.toContain('waiting for the next run')
    expect(text).toContain(`href="https://dashboard.gatehouse.test/invitations/${token}"`)
    expect(JSON.stringify(logged)).toContain('/dev/mail')
    expect(JSON.stringify([logged, service.logs])).not.toContain(token)
  })

  test('is not there for those behind a proxy, nor under another name', async () => {
    expect((await page({ 'x-forwarded-for': '203.0.113.9' })).status).toBe(404)
    expect((await page({ forwarded: 'for=203.0.113.9' })).status).toBe(404)
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      request(`${service.url}/dev/mail`, { headers: { host: 'rebound.evil.test' } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(404)
  })

  test('is not there in production, nor where mails are sent', async () => {
    for (const env of [{ NODE_ENV: 'production' }, { SMTP_URL: smtp.url }] as Record<string, string>[]) {
      const other = await startService({ env, db })
      expect((await page({}, other)).status).toBe(404)
      await other.stop()
    }
  })
})
