import type { Router } from 'express'
import { changePassword } from '../../access/accounts-password.js'
import { checkCandidate, findCandidate } from '../../access/accounts-sign-in.js'
import { PASSWORD_FAULTS, passwordFault, SHORTEST_PASSWORD } from '../../crypto/password-rules.js'
import { requestIdOf } from '../../http/request.js'
import { Card } from '../blocks.js'
import { Field, Form, Submit, WhosePassword } from '../components.js'
import { AccountPage, doneNotice, type Signed, signedIn, timeFor } from './frame.js'
import type { AccountParts } from './parts.js'

const PAGE = '/account/password'
const PURPOSE = 'account password'
const DONE = { changed: 'Your password is changed. Every other device is signed out, and apps must ask you again.' }

interface Problems {
  readonly current?: string
  readonly next?: string
}

const page = (visit: Signed, problems: Problems = {}) => {
  const { passwordChangedAt } = visit.profile
  const since = passwordChangedAt === null ? undefined : `Chosen on ${timeFor(visit.profile)(passwordChangedAt)}.`
  return (
    <AccountPage
      visit={visit}
      page={PAGE}
      title="Password"
      {...(since === undefined ? {} : { lead: since })}
      notice={doneNotice(visit, DONE)}
    >
      <Card title="Change the password">
        <p class="quiet-text">All other devices and apps are signed out, and a mail tells you of the change.</p>
        <Form visit={visit} purpose={PURPOSE}>
          <WhosePassword email={visit.profile.email} />
          <Field
            name="current_password"
            label="Present password"
            type="password"
            autocomplete="current-password"
            error={problems.current}
          />
          <Field
            name="password"
            label="New password"
            type="password"
            autocomplete="new-password"
            hint={`${SHORTEST_PASSWORD} characters or more; a few words that only you put together are good.`}
            error={problems.next}
          />
          <Submit>Change the password</Submit>
        </Form>
      </Card>
    </AccountPage>
  )
}

/** Checks the present password of a person; so many tries in a quarter of an hour.
 *  @returns the hash that it was checked against; undefined when it is another.  @throws AppError too_many */
export async function checkOwnPassword(
  { knex, limits, bcryptCost }: Pick<AccountParts, 'knex' | 'limits' | 'bcryptCost'>,
  { profile, now }: Pick<Signed, 'profile' | 'now'>,
  password: string,
): Promise<string | undefined> {
  // Apart from sign-ins: whoever has the device shall not lock its owner out of all others.
  const key = ['again', profile.userId]
  await limits.take('sign_in_account', key)
  const candidate = await findCandidate(knex, { email: profile.email, now })
  const right = await checkCandidate(candidate, { password, bcryptCost })
  if (!right) return undefined
  await limits.giveBack('sign_in_account', key)
  return candidate?.passwordHash ?? undefined
}

/** Choosing another password; the present one is asked for. */
export function passwordRoutes(router: Router, parts: AccountParts): void {
  const { visits, revocations } = parts
  const show = signedIn(parts, PAGE, (visit) => ({ document: page(visit) }))
  const save = signedIn(parts, PAGE, async (visit) => {
    const { form, profile, session, now } = visit
    const password = form.get('password') ?? ''
    const fault = await passwordFault(password, profile.email)
    if (fault !== undefined) return { document: page(visit, { next: PASSWORD_FAULTS[fault] }), status: 422 }
    const checked = await checkOwnPassword(parts, visit, form.get('current_password') ?? '')
    const change = { userId: profile.userId, password, except: session.id, now, requestId: requestIdOf(visit.req) }
    if (checked === undefined || !(await changePassword(parts, { ...change, checked })))
      return { document: page(visit, { current: 'That is not your present password.' }), status: 422 }
    await revocations.refresh().catch(() => undefined)
    return { to: `${PAGE}?done=changed` }
  })
  router.get(PAGE, visits.get(show))
  router.post(PAGE, visits.post({ purpose: PURPOSE, fields: ['current_password', 'password'] }, save))
}
