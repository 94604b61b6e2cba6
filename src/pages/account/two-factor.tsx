import type { Router } from 'express'
import type { VNode } from 'preact'
import { newTotp, secondFactorOf, takeRecoveryCode, takeTotp } from '../../access/second-factor.js'
import { dropSecondFactor, renewRecoveryCodes, setUpTotp } from '../../access/second-factor-setup.js'
import { requestIdOf } from '../../http/request.js'
import type { PageAnswer } from '../visit.js'
import { AccountPage, doneNotice, isFresh, ProveFirst, proveAgain, type Signed, signedIn } from './frame.js'
import type { AccountParts } from './parts.js'
import { checkOwnPassword } from './password.js'
import { NewCodes, type OffProblems, OnView, PAGE, PURPOSES, SetUpForm } from './two-factor-views.js'

/** How long a secret may be shown before its first code comes. */
const SET_UP_MS = 30 * 60_000
const SEALED_FOR = 'two_factor set_up'
const DONE = { off: 'It is off: your password alone lets you in now.' }
const WRONG = 'That code is not right, or was used already. Wait for the next one.'

const Frame = ({ visit, children }: { readonly visit: Signed; readonly children: VNode }): VNode => (
  <AccountPage
    visit={visit}
    page={PAGE}
    title="Two-factor sign-in"
    lead="Besides your password, a code from your phone: who has one of them only, does not get in."
    notice={doneNotice(visit, DONE)}
  >
    {children}
  </AccountPage>
)

function sealSetUp({ secrets }: AccountParts, { profile, now }: Signed, secret: string): string {
  return secrets.seal(
    JSON.stringify({ for: SEALED_FOR, userId: profile.userId, secret, until: now.getTime() + SET_UP_MS }),
  )
}

/** The secret that we showed this person a while ago; undefined for anything else. */
function openSetUp({ secrets }: AccountParts, { profile, now, form }: Signed): string | undefined {
  try {
    const said = JSON.parse(secrets.open(form.get('set_up') ?? ''))
    const good = said.for === SEALED_FOR && said.userId === profile.userId && said.until > now.getTime()
    return good && typeof said.secret === 'string' ? said.secret : undefined
  } catch {
    return undefined
  }
}

const setUpView = (parts: AccountParts, visit: Signed): VNode => {
  const { secret, uri } = newTotp(visit.profile.email)
  return (
    <Frame visit={visit}>
      {isFresh(visit) ? (
        <SetUpForm visit={visit} setUp={{ secret, uri, sealed: sealSetUp(parts, visit, secret) }} />
      ) : (
        <ProveFirst page={PAGE}>To turn it on, sign in once more.</ProveFirst>
      )}
    </Frame>
  )
}

async function onView({ knex, secrets }: AccountParts, visit: Signed, problems: OffProblems = {}): Promise<VNode> {
  const factor = await secondFactorOf({ knex, secrets }, visit.profile.userId)
  return (
    <Frame visit={visit}>
      <OnView visit={visit} factor={factor} problems={problems} />
    </Frame>
  )
}

const withCodes = (visit: Signed, codes: readonly string[]): VNode => (
  <Frame visit={visit}>
    <NewCodes codes={codes} />
  </Frame>
)

const changeOf = ({ profile, now, req }: Signed) => ({ userId: profile.userId, now, requestId: requestIdOf(req) })

const setUp =
  (parts: AccountParts) =>
  async (visit: Signed): Promise<PageAnswer> => {
    const secret = openSetUp(parts, visit)
    if (secret === undefined || visit.profile.twoFactor) return { to: PAGE }
    if (!isFresh(visit)) return { to: proveAgain(PAGE) }
    const code = visit.form.get('code') ?? ''
    const codes = await setUpTotp(parts, { ...changeOf(visit), secret, code })
    if (codes === undefined) {
      const { uri } = newTotp(visit.profile.email, secret)
      const again = { secret, uri, sealed: sealSetUp(parts, visit, secret) }
      const form = <SetUpForm visit={visit} setUp={again} error={WRONG} />
      return { document: <Frame visit={visit}>{form}</Frame>, status: 422 }
    }
    await parts.sessions.strengthen(visit.session.id, ['pwd', 'otp', 'mfa'])
    return { document: withCodes(visit, codes) }
  }

const renew =
  (parts: AccountParts) =>
  async (visit: Signed): Promise<PageAnswer> => {
    if (!isFresh(visit)) return { to: proveAgain(PAGE) }
    const codes = await renewRecoveryCodes(parts, changeOf(visit))
    return codes === undefined ? { to: PAGE } : { document: withCodes(visit, codes) }
  }

/** Whether the code is the app's or a recovery code; so many tries in a quarter of an hour. */
async function takeEither(parts: AccountParts, visit: Signed): Promise<boolean> {
  const { form, profile, now } = visit
  const showing = { userId: profile.userId, code: form.get('code') ?? '', now, since: now }
  const key = ['again', profile.userId]
  await parts.limits.take('second_factor', key)
  const right = (await takeTotp(parts, showing)) || (await takeRecoveryCode(parts, showing))
  if (right) await parts.limits.giveBack('second_factor', key)
  return right
}

const turnOff =
  (parts: AccountParts) =>
  async (visit: Signed): Promise<PageAnswer> => {
    const refuse = async (problems: OffProblems) => ({ document: await onView(parts, visit, problems), status: 422 })
    if (!visit.profile.twoFactor) return { to: PAGE }
    if (!isFresh(visit)) return { to: proveAgain(PAGE) }
    if ((await checkOwnPassword(parts, visit, visit.form.get('password') ?? '')) === undefined)
      return refuse({ password: 'That is not your password.' })
    if (!(await takeEither(parts, visit))) return refuse({ code: WRONG })
    await dropSecondFactor(parts, changeOf(visit))
    return { to: `${PAGE}?done=off` }
  }

/** The second factor: set it up, make new recovery codes, turn it off. */
export function twoFactorRoutes(router: Router, parts: AccountParts): void {
  const { visits } = parts
  const show = signedIn(parts, PAGE, async (visit) => ({
    document: visit.profile.twoFactor ? await onView(parts, visit) : setUpView(parts, visit),
  }))
  const post = (purpose: string, fields: string[], handler: (visit: Signed) => Promise<PageAnswer>) =>
    visits.post({ purpose, fields }, signedIn(parts, PAGE, handler))
  router.get(PAGE, visits.get(show))
  router.post(PAGE, post(PURPOSES.setUp, ['set_up', 'code'], setUp(parts)))
  router.post(`${PAGE}/codes`, post(PURPOSES.codes, [], renew(parts)))
  router.post(`${PAGE}/off`, post(PURPOSES.off, ['password', 'code'], turnOff(parts)))
}
