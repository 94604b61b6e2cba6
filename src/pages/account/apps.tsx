import type { Router } from 'express'
import { requestIdOf } from '../../http/request.js'
import { wordsOf } from '../../oauth/authorize/words.js'
import { type AuthorisedApp, authorisedApps, withdrawApp } from '../../tokens/authorised-apps.js'
import { Card, EmptyState, type RowProps, Rows } from '../blocks.js'
import { Form, Submit } from '../components.js'
import { AccountPage, doneNotice, type Signed, signedIn, timeFor } from './frame.js'
import type { AccountParts } from './parts.js'

const PAGE = '/account/apps'
const PURPOSE = 'account app'
const DONE = { withdrawn: 'The app acts in your name no more. To come back, it must ask you again.' }

const nameOf = ({ name }: AuthorisedApp): string => name ?? 'Gatehouse console and command line'

function rowOf(visit: Signed, app: AuthorisedApp): RowProps {
  const at = timeFor(visit.profile)
  const used = app.lastUsedAt === null ? '' : `, last used ${at(app.lastUsedAt)}`
  return {
    title: nameOf(app),
    details: [
      app.organization === null ? 'In all of your organizations' : `In ${app.organization}`,
      `Since ${at(app.since)}${used}`,
      wordsOf(app.scope, app.organization ?? 'all your organizations').join(' '),
    ],
    action: (
      <Form visit={visit} purpose={PURPOSE} action={`${PAGE}/withdraw`}>
        <input type="hidden" name="place" value={app.place} />
        <input type="hidden" name="client_id" value={app.clientId} />
        <Submit look="danger">
          Withdraw<span class="hidden"> {nameOf(app)}</span>
        </Submit>
      </Form>
    ),
  }
}

const page = (visit: Signed, apps: readonly AuthorisedApp[]) => (
  <AccountPage
    visit={visit}
    page={PAGE}
    title="Apps"
    lead="What acts in your name. Withdraw what you do not use: it ends at once."
    notice={doneNotice(visit, DONE)}
  >
    {apps.length === 0 ? (
      <EmptyState>No app acts in your name. One that you let in is listed here.</EmptyState>
    ) : (
      <Card title="Acting for you">
        <Rows items={apps.map((app) => rowOf(visit, app))} />
      </Card>
    )}
  </AccountPage>
)

/** The applications that act in a person's name, and how to end that. */
export function appRoutes(router: Router, parts: AccountParts): void {
  const { visits, knex, revocations } = parts
  const show = signedIn(parts, PAGE, async (visit) => ({
    document: page(visit, await authorisedApps(knex, { userId: visit.profile.userId, now: visit.now })),
  }))
  const withdraw = signedIn(parts, PAGE, async (visit) => {
    const { form, profile, now } = visit
    const [place, clientId] = [form.get('place') ?? '', form.get('client_id') ?? '']
    const requestId = requestIdOf(visit.req)
    await withdrawApp(knex, revocations, { userId: profile.userId, place, clientId, now, requestId })
    await revocations.refresh().catch(() => undefined)
    return { to: `${PAGE}?done=withdrawn` }
  })
  router.get(PAGE, visits.get(show))
  router.post(`${PAGE}/withdraw`, visits.post({ purpose: PURPOSE, fields: ['place', 'client_id'] }, withdraw))
}
