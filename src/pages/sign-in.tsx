import { Router } from 'express'
import type { VNode } from 'preact'
import { canonicalAddress } from '../access/addresses.js'
import { notAllowed } from '../http/canonical.js'
import { Field, Form, Notice, Submit } from './components.js'
import { Document } from './document.js'
import { type EntranceParts, welcome } from './entrance-parts.js'
import { queryOf, returnPath } from './return-to.js'
import { tryPassword } from './sign-in-attempt.js'
import { askSecondFactor } from './two-factor.js'
import type { PageAnswer, Visit } from './visit.js'

/** The purpose of the form. */
const SIGN_IN = 'sign_in'
/** One text for an unknown address, a wrong password, a disabled and an unproven account. Source: ATTACKS S3 */
const REFUSED = 'The address and the password do not match. Check both and try again.'

interface SignInProps {
  readonly visit: Visit
  readonly email?: string | undefined
  readonly returnTo: string
  /** Somebody is signed in and is to prove it again, or somebody else is wanted. */
  readonly again?: boolean
  readonly error?: string
}

/** The page that asks for address and password. */
export function SignInPage({ visit, email, returnTo, again = false, error }: SignInProps): VNode {
  const lead = again ? 'To go on, show that it is you.' : undefined
  return (
    <Document title={again ? 'Sign in again' : 'Sign in'} {...(lead === undefined ? {} : { lead })}>
      {error === undefined ? null : <Notice kind="error">{error}</Notice>}
      <Form visit={visit} purpose={SIGN_IN} action="/login">
        <input type="hidden" name="return_to" value={returnTo} />
        <Field
          name="email"
          label="E-mail address"
          type="email"
          autocomplete="username"
          value={email}
          maxlength={254}
          autofocus={email === undefined}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          autofocus={email !== undefined}
        />
        <Submit>Sign in</Submit>
      </Form>
      <p class="quiet-text">
        <a href="/forgotten_password">Forgotten your password?</a>
      </p>
      <p class="quiet-text">
        No account yet? <a href="/sign_up">Sign up</a>
      </p>
    </Document>
  )
}

function show(visit: Visit): PageAnswer {
  const returnTo = returnPath(queryOf(visit, 'return_to'))
  const again = queryOf(visit, 'again') !== undefined
  const { session } = visit
  if (session !== undefined && !again) return { to: returnTo }
  const hint = canonicalAddress(queryOf(visit, 'login_hint') ?? '')
  const email = hint ?? session?.email
  return { document: <SignInPage visit={visit} email={email} returnTo={returnTo} again={session !== undefined} /> }
}

async function submit(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const returnTo = returnPath(visit.form.get('return_to'))
  const address = visit.form.get('email') ?? ''
  const admitted = await tryPassword(parts, visit, { address, password: visit.form.get('password') ?? '' })
  if (admitted?.twoFactor) return askSecondFactor(parts, visit, { ...admitted, returnTo })
  if (admitted !== undefined && (await welcome(parts, visit, { ...admitted, amr: ['pwd'] }))) return { to: returnTo }
  const email = canonicalAddress(address)
  return { document: <SignInPage visit={visit} email={email} returnTo={returnTo} error={REFUSED} />, status: 422 }
}

/** `/login`: address and password; who has a second factor is asked for it next. */
export function createSignIn(parts: EntranceParts): Router {
  const { visits } = parts
  const router = Router({ caseSensitive: true, strict: true })
  const form = { purpose: SIGN_IN, fields: ['email', 'password', 'return_to'] }
  router.get('/login', visits.get(show))
  router.post(
    '/login',
    visits.post(form, (visit) => submit(parts, visit)),
  )
  router.all('/login', notAllowed('GET, HEAD, POST'))
  return router
}
