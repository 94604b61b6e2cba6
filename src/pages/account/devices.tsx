import Bowser from 'bowser'
import type { Router } from 'express'
import type { Session } from '../../tokens/sessions.js'
import { Badge, Card, type RowProps, Rows } from '../blocks.js'
import { Form, Submit } from '../components.js'
import { AccountPage, doneNotice, type Signed, signedIn, timeFor } from './frame.js'
import type { AccountParts } from './parts.js'

const PAGE = '/account/devices'
const ONE = 'account device'
const ALL = 'account devices'
const DONE = {
  one: 'That device is signed out.',
  all: 'You are signed out everywhere but here.',
}

/** What a browser says it is, in words: a hint, since it can say anything. */
export function deviceName(userAgent: string | null): string {
  if (userAgent === null || userAgent === '') return 'Unknown device'
  const { browser, os } = Bowser.parse(userAgent)
  const words = [browser.name, os.name && `on ${os.name}`].filter(Boolean)
  return words.length === 0 ? 'Unknown device' : words.join(' ')
}

function rowOf(visit: Signed, one: Session): RowProps {
  const at = timeFor(visit.profile)
  const here = one.id === visit.session.id
  const address = one.address === null ? '' : `from ${one.address}, `
  return {
    title: (
      <>
        {deviceName(one.userAgent)}
        {here ? <Badge look="good">This device</Badge> : null}
      </>
    ),
    details: [`Signed in ${address}${at(one.createdAt)}`, `Last seen ${at(one.lastSeenAt)}`],
    action: here ? undefined : (
      <Form visit={visit} purpose={ONE} action={`${PAGE}/sign_out`}>
        <input type="hidden" name="session" value={one.id} />
        <Submit look="quiet">
          Sign out<span class="hidden"> {deviceName(one.userAgent)}</span>
        </Submit>
      </Form>
    ),
  }
}

const page = (visit: Signed, sessions: readonly Session[]) => (
  <AccountPage
    visit={visit}
    page={PAGE}
    title="Devices"
    lead="Where you are signed in. What you do not know, sign out, and change your password."
    notice={doneNotice(visit, DONE)}
  >
    <Card title="Signed in">
      <Rows items={sessions.map((one) => rowOf(visit, one))} />
    </Card>
    {sessions.length < 2 ? null : (
      <Form visit={visit} purpose={ALL} action={`${PAGE}/sign_out_everywhere`}>
        <Submit look="danger">Sign out everywhere else</Submit>
      </Form>
    )}
  </AccountPage>
)

/** The browsers in which a person is signed in, and how to end that. */
export function deviceRoutes(router: Router, parts: AccountParts): void {
  const { visits, sessions, revocations } = parts
  const show = signedIn(parts, PAGE, async (visit) => ({
    document: page(visit, await sessions.listOf(visit.profile.userId, visit.now)),
  }))
  const end = signedIn(parts, PAGE, async (visit) => {
    // The user's id is part of the question: nobody ends the session of another.
    await sessions.end({ id: visit.form.get('session') ?? '', userId: visit.profile.userId }, visit.now)
    await revocations.refresh().catch(() => undefined)
    return { to: `${PAGE}?done=one` }
  })
  const endAll = signedIn(parts, PAGE, async (visit) => {
    await sessions.endAll(visit.profile.userId, { except: visit.session.id, now: visit.now })
    await revocations.refresh().catch(() => undefined)
    return { to: `${PAGE}?done=all` }
  })
  router.get(PAGE, visits.get(show))
  router.post(`${PAGE}/sign_out`, visits.post({ purpose: ONE, fields: ['session'] }, end))
  router.post(`${PAGE}/sign_out_everywhere`, visits.post({ purpose: ALL, fields: [] }, endAll))
}
