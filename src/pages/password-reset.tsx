import { Router } from 'express'
import type { VNode } from 'preact'
import { askForPassword, readPasswordReset, resetPassword } from '../access/accounts-password.js'
import { notAllowed } from '../http/canonical.js'
import { networkFor, requestIdOf } from '../http/request.js'
import { AddressPage, addressFrom } from './address-page.js'
import { ButtonLink } from './blocks.js'
import { Form, Submit, WhosePassword } from './components.js'
import { Document } from './document.js'
import { type EntranceParts, storeOf } from './entrance-parts.js'
import { chosenPasswordFault, NewPasswordField } from './person-form.js'
import { HOME, signInAddress } from './return-to.js'
import type { PageAnswer, Visit } from './visit.js'

const ASK = 'forgotten_password'
const CHOOSE = 'reset_password'

const AskPage = (props: { visit: Visit; error?: string; value?: string }): VNode => (
  <AddressPage
    {...props}
    title="Choose a new password"
    action="/forgotten_password"
    purpose={ASK}
    autocomplete="username"
  >
    <a href="/login">Back to the sign-in</a>
  </AddressPage>
)

/** One page for a known and an unknown address. Source: ATTACKS S3 */
const Sent = ({ email }: { email: string }): VNode => (
  <Document title="Look into your mailbox" lead={`If ${email} has an account here, a mail is on its way.`}>
    <p>Open the link in it to choose a new password. It is good for an hour; of several, the newest is good.</p>
  </Document>
)

const Gone = (): VNode => (
  <Document title="This link is not good any more" lead="It was used already, is too old, or there is a newer one.">
    <ButtonLink href="/forgotten_password">Ask for a new one</ButtonLink>
  </Document>
)

const Changed = ({ email }: { email: string }): VNode => (
  <Document title="Your password is changed" lead="You were signed out wherever you were signed in.">
    <ButtonLink href={signInAddress(HOME, { email })}>Sign in</ButtonLink>
  </Document>
)

function ChoosePage({ visit, email, error }: { visit: Visit; email: string; error?: string }): VNode {
  return (
    <Document title="Choose a new password" lead={`For the account of ${email}.`}>
      <Form visit={visit} purpose={CHOOSE}>
        <WhosePassword email={email} />
        <NewPasswordField label="New password" error={error} />
        <Submit>Change the password</Submit>
      </Form>
    </Document>
  )
}

async function ask(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const typed = addressFrom(visit, (again) => <AskPage visit={visit} {...again} />)
  if ('again' in typed) return typed.again
  const { email } = typed
  await parts.limits.take('sign_in_address', networkFor(visit.req))
  await parts.limits.take('password_reset', email)
  await askForPassword(storeOf(parts), { email, now: visit.now })
  return { document: <Sent email={email} /> }
}

async function choose(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const { now, req, form } = visit
  const token = String(req.params.token)
  const mailbox = await readPasswordReset(storeOf(parts), { token, now })
  if (mailbox === undefined) return { document: <Gone />, status: 404 }
  const password = form.get('password') ?? ''
  const fault = await chosenPasswordFault(password, mailbox.email)
  if (fault !== undefined) {
    return { document: <ChoosePage visit={visit} email={mailbox.email} error={fault} />, status: 422 }
  }
  const email = await resetPassword(storeOf(parts), { token, password, now, requestId: requestIdOf(req) })
  await parts.revocations.refresh().catch(() => undefined)
  return email === undefined ? { document: <Gone />, status: 404 } : { document: <Changed email={email} /> }
}

async function show(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const mailbox = await readPasswordReset(storeOf(parts), { token: String(visit.req.params.token), now: visit.now })
  if (mailbox === undefined) return { document: <Gone />, status: 404 }
  return { document: <ChoosePage visit={visit} email={mailbox.email} /> }
}

/** `/forgotten_password` and `/reset_password/:token`: a mail to the address, and a new password by its link. It signs
 *  nobody in: a second factor is asked for as ever. */
export function createPasswordReset(parts: EntranceParts): Router {
  const { visits } = parts
  const router = Router({ caseSensitive: true, strict: true })
  router.get(
    '/forgotten_password',
    visits.get((visit) => ({ document: <AskPage visit={visit} /> })),
  )
  router.post(
    '/forgotten_password',
    visits.post({ purpose: ASK, fields: ['email'] }, (visit) => ask(parts, visit)),
  )
  router.get(
    '/reset_password/:token',
    visits.get((visit) => show(parts, visit)),
  )
  router.post(
    '/reset_password/:token',
    visits.post({ purpose: CHOOSE, fields: ['password'] }, (visit) => choose(parts, visit)),
  )
  router.all(['/forgotten_password', '/reset_password/:token'], notAllowed('GET, HEAD, POST'))
  return router
}
