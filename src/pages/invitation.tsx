import { Router } from 'express'
import type { VNode } from 'preact'
import { joinInvited } from '../access/accounts-sign-up.js'
import type { Invitation } from '../access/invitations.js'
import { hashPassword } from '../crypto/passwords.js'
import { AppError } from '../errors.js'
import { notAllowed } from '../http/canonical.js'
import { requestIdOf } from '../http/request.js'
import { moment } from '../outbox/texts/moment.js'
import { acceptInvitation, type Invited, readInvitation } from '../resources/memberships/accept.js'
import { declineInvitation } from '../resources/memberships/decline.js'
import { ButtonLink } from './blocks.js'
import { brandingOf } from './branding.js'
import { Facts, Form, Notice, Submit, WhosePassword } from './components.js'
import { Document } from './document.js'
import { type EntranceParts, storeOf, welcome } from './entrance-parts.js'
import { type FormErrors, faultsOf, PERSON_FIELDS, PersonFields, type PersonValues, readPerson } from './person-form.js'
import { HOME, signInAddress } from './return-to.js'
import type { PageAnswer, Visit } from './visit.js'

const PATH = '/invitations/:token'
const PURPOSE = 'invitation'

interface PageProps {
  readonly visit: Visit
  readonly invitation: Invitation
  readonly values?: PersonValues
  readonly errors?: FormErrors
}

const hereOf = ({ req }: Visit): string => `/invitations/${encodeURIComponent(String(req.params.token))}`

const Answer = ({ value }: { value: string }): VNode => <input type="hidden" name="answer" value={value} />

/** For who has no account yet: the token has proven the mailbox, so names and a password are all that is missing. */
function Join({ visit, invitation, values, errors = {} }: PageProps): VNode {
  return (
    <Form visit={visit} purpose={PURPOSE}>
      <Answer value="join" />
      <WhosePassword email={invitation.email} />
      <PersonFields values={values} errors={errors} />
      <Submit>Create my account and join</Submit>
    </Form>
  )
}

/** For who has an account: in it, a button; else the way to sign in with it. */
function Accept({ visit, invitation }: PageProps): VNode {
  const { session } = visit
  const { email } = invitation
  if (session?.email === email) {
    return (
      <Form visit={visit} purpose={PURPOSE}>
        <Answer value="accept" />
        <Submit>Accept the invitation</Submit>
      </Form>
    )
  }
  const to = signInAddress(hereOf(visit), { email, again: session !== undefined })
  return (
    <>
      {session === undefined ? (
        <p>You have an account with this address. Sign in with it to accept.</p>
      ) : (
        <Notice kind="info">
          You are signed in as {session.email}, but the invitation is for {email}.
        </Notice>
      )}
      <ButtonLink href={to}>{session === undefined ? 'Sign in' : `Sign in as ${email}`}</ButtonLink>
    </>
  )
}

/** The organization's own look, as the branding takes it. */
const lookOf = ({ organization, logoUrl, primaryColor }: Invitation) =>
  brandingOf({ name: organization, logo_url: logoUrl, primary_color: primaryColor })

function InvitationPage(props: PageProps): VNode {
  const { visit, invitation } = props
  const { organization, email, role, inviter, expiresAt, known } = invitation
  const rows = [
    ['Organization', organization],
    ['For', email],
    ...(inviter === null ? [] : [['From', inviter] as const]),
    ...(role === null ? [] : [['Role', role] as const]),
    ['Good until', `${moment(new Date(expiresAt))} UTC`],
  ] as const
  return (
    <Document title={`Join ${organization}`} lead="You are invited." branding={lookOf(invitation).branding}>
      <Facts rows={rows} />
      {known ? <Accept {...props} /> : <Join {...props} />}
      <Form visit={visit} purpose={PURPOSE}>
        <Answer value="decline" />
        <Submit look="quiet">Decline</Submit>
      </Form>
    </Document>
  )
}

/** The page, with where its logo comes from. */
function pageOf(props: PageProps): PageAnswer {
  const { imageFrom } = lookOf(props.invitation)
  return { document: <InvitationPage {...props} />, ...(imageFrom === undefined ? {} : { imageFrom }) }
}

/** What stands behind a token that is unknown, used, expired, revoked, or another address's: one page for all. */
const Gone = (): VNode => (
  <Document
    title="This invitation is not good any more"
    lead="It was used, withdrawn or declined, or it is too old. Ask whoever invited you for a new one."
  >
    <ButtonLink href={HOME} look="quiet">
      To my account
    </ButtonLink>
  </Document>
)

const Declined = (): VNode => (
  <Document title="Declined" lead="You have not joined. If you change your mind, ask for a new invitation." />
)

const invitedOf = ({ db, secrets }: EntranceParts, { req, now }: Visit): Invited => ({
  knex: db.knex,
  secrets,
  token: String(req.params.token),
  now,
  requestId: requestIdOf(req),
})

/** The one page for every token that is not good. */
async function orGone(work: Promise<PageAnswer>): Promise<PageAnswer> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not_found') return { document: <Gone />, status: 404 }
    throw error
  }
}

async function join(parts: EntranceParts, visit: Visit, invitation: Invitation): Promise<PageAnswer> {
  const { email } = invitation
  const { values, password, faults } = await readPerson(visit.form, email)
  const errors = faultsOf(faults)
  if (Object.keys(errors).length > 0) {
    return { ...pageOf({ visit, invitation, values, errors }), status: 422 }
  }
  const { token, now, requestId } = { ...invitedOf(parts, visit), requestId: requestIdOf(visit.req) }
  const passwordHash = await hashPassword(password, parts.config.bcryptCost)
  const account = await joinInvited(storeOf(parts), { token, email, ...values, passwordHash, now, requestId })
  if (account === undefined) return { document: <Gone />, status: 404 }
  // Somebody has signed up with the address in this very moment: the page shows how to go on.
  if (account === 'known') return { to: hereOf(visit) }
  await welcome(parts, visit, { userId: account.userId, amr: ['pwd'] })
  return { to: HOME }
}

async function answer(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const invited = invitedOf(parts, visit)
  const invitation = await readInvitation(invited)
  const wanted = visit.form.get('answer')
  if (wanted === 'decline') {
    await declineInvitation(invited)
    return { document: <Declined /> }
  }
  const done = wanted === 'join' && !invitation.known ? await join(parts, visit, invitation) : await accept(visit)
  await parts.revocations.refresh().catch(() => undefined)
  return done

  async function accept({ session }: Visit): Promise<PageAnswer> {
    if (session === undefined) return { to: signInAddress(hereOf(visit), { email: invitation.email }) }
    await acceptInvitation({ ...invited, userId: session.userId })
    return { to: HOME }
  }
}

/** `/invitations/:token`: who invites whom to what, and three ways to answer. Opening it changes nothing, since mail
 *  scanners open links. Source: ATTACKS J10 */
export function createInvitation(parts: EntranceParts): Router {
  const { visits } = parts
  const router = Router({ caseSensitive: true, strict: true })
  const show = async (visit: Visit): Promise<PageAnswer> => {
    const invitation = await readInvitation(invitedOf(parts, visit))
    return pageOf({ visit, invitation })
  }
  router.get(
    PATH,
    visits.get((visit) => orGone(show(visit))),
  )
  router.post(
    PATH,
    visits.post({ purpose: PURPOSE, fields: ['answer', ...PERSON_FIELDS] }, (visit) => orGone(answer(parts, visit))),
  )
  router.all(PATH, notAllowed('GET, HEAD, POST'))
  return router
}
