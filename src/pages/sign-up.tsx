import { Router } from 'express'
import type { VNode } from 'preact'
import { askForAccount, readSignUp, signUp } from '../access/accounts-sign-up.js'
import { hashPassword } from '../crypto/passwords.js'
import { notAllowed } from '../http/canonical.js'
import { networkFor, requestIdOf } from '../http/request.js'
import { createOrganization } from '../resources/organizations/create.js'
import { AddressPage, addressFrom } from './address-page.js'
import { ButtonLink } from './blocks.js'
import { Field, Form, Submit, WhosePassword } from './components.js'
import { Document } from './document.js'
import { type EntranceParts, storeOf, welcome } from './entrance-parts.js'
import {
  type FormErrors,
  faultsOf,
  nameFault,
  oneLine,
  PERSON_FIELDS,
  PersonFields,
  type PersonValues,
  readPerson,
} from './person-form.js'
import { HOME, signInAddress } from './return-to.js'
import type { PageAnswer, Visit } from './visit.js'

const ASK = 'sign_up'
const FINISH = 'sign_up_finish'
const LONGEST_ORGANIZATION = 255

const AskPage = (props: { visit: Visit; error?: string; value?: string }): VNode => (
  <AddressPage {...props} title="Sign up" action="/sign_up" purpose={ASK} autocomplete="email">
    You have an account? <a href="/login">Sign in</a>
  </AddressPage>
)

/** One page for a known and an unknown address: only the mailbox is told. Source: ATTACKS S3 */
const Sent = ({ email }: { email: string }): VNode => (
  <Document title="Look into your mailbox" lead={`A mail is on its way to ${email}.`}>
    <p>Open the link in it to go on. It is good for a day. If nothing comes, look where your mailbox keeps junk.</p>
  </Document>
)

/** What stands behind a link that was used, is too old, or never was. */
const Gone = (): VNode => (
  <Document title="This link is not good any more" lead="It was used already, or it is more than a day old.">
    <ButtonLink href="/sign_up">Ask for a new one</ButtonLink>
  </Document>
)

interface FinishProps {
  readonly visit: Visit
  readonly email: string
  readonly values?: PersonValues & { readonly organization: string }
  readonly errors?: FormErrors
}

function FinishPage({ visit, email, values, errors = {} }: FinishProps): VNode {
  return (
    <Document title="Finish your sign-up" lead={`Your account will have the address ${email}.`}>
      <Form visit={visit} purpose={FINISH}>
        <WhosePassword email={email} />
        <PersonFields values={values} errors={errors} />
        <Field
          name="organization"
          label="Name of your organization"
          autocomplete="organization"
          hint="Yours to begin with: you can rename it, and invite others."
          value={values?.organization}
          maxlength={LONGEST_ORGANIZATION}
          error={errors.organization}
        />
        <Submit>Create the account</Submit>
      </Form>
    </Document>
  )
}

async function ask(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const typed = addressFrom(visit, (again) => <AskPage visit={visit} {...again} />)
  if ('again' in typed) return typed.again
  const { email } = typed
  await parts.limits.take('sign_up', networkFor(visit.req))
  await parts.limits.take('mail', email)
  await askForAccount(storeOf(parts), { email, now: visit.now })
  return { document: <Sent email={email} /> }
}

const tokenOf = ({ req }: Visit): string => String(req.params.token)

async function show(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const mailbox = await readSignUp(storeOf(parts), { token: tokenOf(visit), now: visit.now })
  if (mailbox === undefined) return { document: <Gone />, status: 404 }
  return { document: <FinishPage visit={visit} email={mailbox.email} /> }
}

async function finish(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const { now, req, form } = visit
  const token = tokenOf(visit)
  const mailbox = await readSignUp(storeOf(parts), { token, now })
  if (mailbox === undefined) return { document: <Gone />, status: 404 }
  const { email } = mailbox
  const { values, password, faults } = await readPerson(form, email)
  const name = oneLine(form.get('organization'))
  const errors = faultsOf({ ...faults, organization: nameFault(name, LONGEST_ORGANIZATION) })
  if (Object.keys(errors).length > 0) {
    const typed = { ...values, organization: name }
    return { document: <FinishPage visit={visit} email={email} values={typed} errors={errors} />, status: 422 }
  }
  const passwordHash = await hashPassword(password, parts.config.bcryptCost)
  const requestId = requestIdOf(req)
  const account = await signUp(storeOf(parts), { token, ...values, passwordHash, now, requestId })
  if (account === undefined) return { document: <Gone />, status: 404 }
  if (account === 'known') return { to: signInAddress(HOME, { email }) }
  await welcome(parts, visit, { userId: account.userId, amr: ['pwd'] })
  await parts.access.run({ principal: account.principal, requestId }, (ctx) => createOrganization(ctx, { name }))
  await parts.revocations.refresh().catch(() => undefined)
  return { to: HOME }
}

/** `/sign_up`: the address first; what its mailbox gets leads to the account and its first organization. */
export function createSignUp(parts: EntranceParts): Router {
  const { visits } = parts
  const router = Router({ caseSensitive: true, strict: true })
  router.get(
    '/sign_up',
    visits.get((visit) => ({ document: <AskPage visit={visit} /> })),
  )
  router.post(
    '/sign_up',
    visits.post({ purpose: ASK, fields: ['email'] }, (visit) => ask(parts, visit)),
  )
  router.get(
    '/sign_up/:token',
    visits.get((visit) => show(parts, visit)),
  )
  router.post(
    '/sign_up/:token',
    visits.post({ purpose: FINISH, fields: [...PERSON_FIELDS, 'organization'] }, (visit) => finish(parts, visit)),
  )
  router.all(['/sign_up', '/sign_up/:token'], notAllowed('GET, HEAD, POST'))
  return router
}
