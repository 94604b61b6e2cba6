import type { Router } from 'express'
import { type OwnSeat, ownSeats } from '../../access/profiles.js'
import { Badge, Card, EmptyState, Nav, type RowProps, Rows } from '../blocks.js'
import { Facts } from '../components.js'
import type { PageAnswer } from '../visit.js'
import { FoundForm, foundingRoutes } from './found-organization.js'
import { AccountPage, doneNotice, nameOf, PAGES, type Signed, signedIn, timeFor } from './frame.js'
import type { AccountParts } from './parts.js'

const rowOf = ({ organization, slug, role, owner, suspended }: OwnSeat): RowProps => ({
  title: (
    <>
      {organization}
      {owner ? <Badge look="good">Owner</Badge> : null}
      {suspended ? <Badge look="bad">Suspended</Badge> : null}
    </>
  ),
  details: [
    <>
      {role === null ? 'No role' : `Your role: ${role}`} · <code>{slug}</code>
    </>,
  ],
})

const DONE = { founded: 'The organization is yours.' }

interface PageProps {
  readonly visit: Signed
  readonly seats: readonly OwnSeat[]
  /** What was wrong with the name of a new organization. */
  readonly founding?: { readonly value?: string | undefined; readonly error?: string | undefined }
}

function Page({ visit, seats, founding = {} }: PageProps) {
  const { profile } = visit
  const since = timeFor(profile)
  const facts: [string, string][] = [
    ['E-mail', profile.email],
    ['Two-factor sign-in', profile.twoFactor ? 'On' : 'Off'],
    ['Signed in', since(visit.session.createdAt)],
  ]
  return (
    <AccountPage
      visit={visit}
      page="/account"
      title={`Hello, ${nameOf(profile)}`}
      notice={founding.error === undefined ? doneNotice(visit, DONE) : undefined}
    >
      <Card>
        <Facts rows={facts} />
      </Card>
      <Card title="My organizations">
        {seats.length === 0 ? (
          <EmptyState>You have no seat in an organization. Create one, or ask for an invitation to one.</EmptyState>
        ) : (
          <>
            <p class="quiet-text">
              When an app signs you in, you choose which of them it is for: a token names exactly one organization.
            </p>
            <Rows items={seats.map(rowOf)} />
          </>
        )}
        <FoundForm visit={visit} {...founding} />
      </Card>
      <h2>What you can do here</h2>
      <Nav label="What you can do here" look="tiles" items={TILES} />
    </AccountPage>
  )
}

const DETAILS: Readonly<Record<string, string>> = {
  '/account/profile': 'Your names, your time zone, your address',
  '/account/password': 'Choose another one',
  '/account/two_factor': 'A code from your phone, besides the password',
  '/account/devices': 'Where you are signed in',
  '/account/apps': 'What acts in your name, and how to end it',
  '/account/credential': 'For scripts and tools of your own',
}
const TILES = PAGES.slice(1).map((item) => ({ ...item, detail: DETAILS[item.href] ?? '' }))

/** The first page of an account: who I am, where I have a seat, and the way to an organization of my own. */
export function overviewRoutes(router: Router, parts: AccountParts): void {
  const page = async (visit: Signed, founding: PageProps['founding'] = {}): Promise<PageAnswer> => ({
    document: <Page visit={visit} seats={await ownSeats(parts.knex, visit.profile.userId)} founding={founding} />,
  })
  router.get('/account', parts.visits.get(signedIn(parts, '/account', (visit) => page(visit))))
  foundingRoutes(router, parts, page)
}
