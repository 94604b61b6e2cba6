import type { ComponentChildren, VNode } from 'preact'
import { type Profile, profileOf } from '../../access/profiles.js'
import type { Session } from '../../tokens/sessions.js'
import { ButtonLink, Nav, type NavItem } from '../blocks.js'
import { Form, Notice, Submit } from '../components.js'
import { Document } from '../document.js'
import { queryOf, signInAddress } from '../return-to.js'
import { SIGN_OUT } from '../sign-out.js'
import type { PageAnswer, PageHandler, Visit } from '../visit.js'
import { type AccountParts, FRESH_MS } from './parts.js'

/** A visit of somebody who is signed in, with what we know of them. */
export interface Signed extends Visit {
  readonly session: Session
  readonly profile: Profile
}

/** Address of each account page, in the order of the list beside them. */
export const PAGES: readonly NavItem[] = [
  { href: '/account', text: 'Overview' },
  { href: '/account/profile', text: 'Profile' },
  { href: '/account/password', text: 'Password' },
  { href: '/account/two_factor', text: 'Two-factor sign-in' },
  { href: '/account/devices', text: 'Devices' },
  { href: '/account/apps', text: 'Apps' },
  { href: '/account/credential', text: 'API credential' },
]

/** Lets in who is signed in; others sign in first and come back to `page`. */
export const signedIn = (
  { knex }: Pick<AccountParts, 'knex'>,
  page: string,
  handler: (visit: Signed) => Promise<PageAnswer> | PageAnswer,
) =>
  (async (visit) => {
    const { session } = visit
    const profile = session && (await profileOf(knex, session.userId))
    if (session === undefined || profile === undefined) return { to: signInAddress(page) }
    return handler({ ...visit, session, profile })
  }) satisfies PageHandler

/** Whether the person has proven who they are within the last ten minutes: asked for before a change that lets people in. */
export const isFresh = ({ session, now }: Pick<Signed, 'session' | 'now'>): boolean =>
  now.getTime() - session.authenticatedAt.getTime() <= FRESH_MS

/** Where to prove it again, and come back. */
export const proveAgain = (page: string): string => signInAddress(page, { again: true })

/** What stands in place of a form until the person has proven again who they are. */
export function ProveFirst({ page, children }: { readonly page: string; readonly children: ComponentChildren }): VNode {
  return (
    <>
      <p>{children}</p>
      <ButtonLink href={proveAgain(page)}>Confirm that it is you</ButtonLink>
    </>
  )
}

/** As whom a person is spoken to. */
export const nameOf = ({ firstName, lastName, email }: Profile): string =>
  [firstName, lastName].filter((part) => part !== null && part !== '').join(' ') || email

interface FrameProps {
  readonly visit: Signed
  /** Address of the page, one of PAGES. */
  readonly page: string
  readonly title: string
  readonly lead?: string
  readonly notice?: VNode | undefined
  readonly children: ComponentChildren
}

function WhoAmI({ visit }: { readonly visit: Signed }): VNode {
  return (
    <div class="whoami">
      <span>{visit.profile.email}</span>
      <Form visit={visit} purpose={SIGN_OUT} action="/logout">
        <Submit look="link">Sign out</Submit>
      </Form>
    </div>
  )
}

/** One of the account's pages, with the list of the others beside it. */
export function AccountPage({ visit, page, title, lead, notice, children }: FrameProps): VNode {
  return (
    <Document
      layout="account"
      title={title}
      {...(lead === undefined ? {} : { lead })}
      aside={<WhoAmI visit={visit} />}
      side={<Nav label="My account" look="side" items={PAGES} current={page} />}
    >
      {notice}
      {children}
    </Document>
  )
}

/** What was just done, after a redirect: a word of `words` that stands in `?done=`. */
export function doneNotice(visit: Visit, words: Readonly<Record<string, string>>): VNode | undefined {
  const done = queryOf(visit, 'done') ?? ''
  return Object.hasOwn(words, done) ? <Notice kind="success">{words[done]}</Notice> : undefined
}

/** A time as the person reads it: in their zone, or in UTC where theirs is not known to this machine. */
export function timeFor({ timeZone }: Pick<Profile, 'timeZone'>): (time: Date | string) => string {
  const format = (zone: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: zone, hour12: false })
  let chosen = format('UTC')
  let name = 'UTC'
  try {
    if (timeZone !== null) chosen = format(timeZone)
    name = timeZone ?? name
  } catch {
    // Some zone names of the contract's clients are not Intl's.
  }
  return (time) => `${chosen.format(new Date(time))} (${name})`
}
