import { Router } from 'express'
import type { VNode } from 'preact'
import { passwordHashOf } from '../access/accounts-sign-in.js'
import { takeRecoveryCode, takeTotp } from '../access/second-factor.js'
import { notAllowed } from '../http/canonical.js'
import { ButtonLink } from './blocks.js'
import { Field, Form, Notice, Submit } from './components.js'
import { Document } from './document.js'
import { type EntranceParts, storeOf, welcome } from './entrance-parts.js'
import { returnPath, signInAddress } from './return-to.js'
import { type Admitted, giveEachBack, secondFactorTry, takeEach } from './sign-in-attempt.js'
import { openStep, type Step, sealStep } from './two-factor-step.js'
import type { PageAnswer, Visit } from './visit.js'

const PATH = '/login/two_factor'
const SECOND_FACTOR = 'second_factor'
const TRIES = 5
const TOO_LATE = 'That took too long. Begin with your password again.'
const TOTP = /^\s*\d{3}\s?\d{3}\s*$/

interface PageProps {
  readonly visit: Visit
  readonly step: string
  readonly error?: string
}

function TwoFactorPage({ visit, step, error }: PageProps): VNode {
  return (
    <Document title="Second factor" lead="Your password was right. Now show that you have your phone, too.">
      {error === undefined ? null : <Notice kind="error">{error}</Notice>}
      <Form visit={visit} purpose={SECOND_FACTOR} action={PATH}>
        <input type="hidden" name="step" value={step} />
        <Field
          name="code"
          label="Code"
          autocomplete="one-time-code"
          hint="The six digits that your authenticator app shows, or one of your recovery codes."
          maxlength={40}
          autofocus
        />
        <Submit>Go on</Submit>
      </Form>
      <p class="quiet-text">
        <a href="/login">Start over</a>
      </p>
    </Document>
  )
}

/** Back to the password: the step is too old or was tried too often. */
function startOver(why: string, to: string): PageAnswer {
  const document = (
    <Document title="Start over" lead={why}>
      <ButtonLink href={to}>Sign in</ButtonLink>
    </Document>
  )
  return { document, status: 422 }
}

/** The page that asks for the second factor of somebody whose password was right. */
export function askSecondFactor(
  { secrets }: EntranceParts,
  visit: Visit,
  { userId, email, knownNetwork, passwordHash, returnTo }: Admitted & { returnTo: string },
): PageAnswer {
  const checked = secrets.hash(passwordHash)
  const step = sealStep(secrets, visit, { userId, email, knownNetwork, checked, returnTo, since: visit.now, tries: 0 })
  return { document: <TwoFactorPage visit={visit} step={step} /> }
}

function tryAgain({ secrets }: EntranceParts, visit: Visit, step: Step): PageAnswer {
  const tries = step.tries + 1
  if (tries >= TRIES) {
    const to = signInAddress(step.returnTo, { email: step.email })
    return startOver('None of the codes was right. Begin with your password again.', to)
  }
  const error = 'This code is not right, or it was used before. Wait for the next one and try again.'
  const sealed = sealStep(secrets, visit, { ...step, tries })
  return { document: <TwoFactorPage visit={visit} step={sealed} error={error} />, status: 422 }
}

async function submit(parts: EntranceParts, visit: Visit): Promise<PageAnswer> {
  const step = openStep(parts.secrets, visit, visit.form.get('step'))
  if (step === undefined) return startOver(TOO_LATE, '/login')
  const code = visit.form.get('code') ?? ''
  const takings = secondFactorTry(visit, step)
  await takeEach(parts.limits, takings)
  const showing = { userId: step.userId, code, now: visit.now, since: step.since }
  const good = await (TOTP.test(code) ? takeTotp(storeOf(parts), showing) : takeRecoveryCode(storeOf(parts), showing))
  if (!good) return tryAgain(parts, visit, step)
  // A password that was changed since is no first factor any more, whatever the clocks say.
  const passwordHash = await passwordHashOf(parts.db.knex, step.userId)
  const stands = passwordHash !== undefined && parts.secrets.matches(passwordHash, step.checked)
  const person = { userId: step.userId, amr: ['pwd', 'otp', 'mfa'], passwordHash } as const
  if (!stands || !(await welcome(parts, visit, person))) return startOver(TOO_LATE, '/login')
  await giveEachBack(parts.limits, takings)
  return { to: returnPath(step.returnTo) }
}

/** `/login/two_factor`: the code of an authenticator app, or a recovery code. What came before is sealed in the form. */
export function createTwoFactor(parts: EntranceParts): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get(
    PATH,
    parts.visits.get(() => ({ to: '/login' })),
  )
  router.post(
    PATH,
    parts.visits.post({ purpose: SECOND_FACTOR, fields: ['step', 'code'] }, (visit) => submit(parts, visit)),
  )
  router.all(PATH, notAllowed('GET, HEAD, POST'))
  return router
}
