import type { VNode } from 'preact'
import type { SecondFactor } from '../../access/second-factor.js'
import { ButtonLink, Card, Steps } from '../blocks.js'
import { Facts, Field, Form, Notice, Submit, WhosePassword } from '../components.js'
import { isFresh, ProveFirst, type Signed, timeFor } from './frame.js'
import { QrCode } from './qr.js'

export const PAGE = '/account/two_factor'
export const PURPOSES = {
  setUp: 'account two_factor set_up',
  codes: 'account two_factor codes',
  off: 'account two_factor off',
} as const

/** A secret that the person's app may have by now, and that counts when it shows a code. `sealed` brings it back to us. */
export interface SetUp {
  readonly secret: string
  readonly uri: string
  readonly sealed: string
}

const inGroups = (secret: string): string => secret.replaceAll(/(.{4})(?=.)/g, '$1 ')

/** How to set it up: scan, type the code. */
export function SetUpForm(props: { readonly visit: Signed; readonly setUp: SetUp; readonly error?: string }): VNode {
  const { visit, setUp, error } = props
  const scan = (
    <>
      Open an authenticator app on your phone and scan this code.
      <QrCode text={setUp.uri} label="QR code for an authenticator app; the key below says the same" />
      <p class="quiet-text">Or type this key into the app:</p>
      <code class="secret">{inGroups(setUp.secret)}</code>
    </>
  )
  const confirm = (
    <>
      Type the six digits that the app shows.
      <Form visit={visit} purpose={PURPOSES.setUp}>
        <input type="hidden" name="set_up" value={setUp.sealed} />
        <Field name="code" label="Code" autocomplete="one-time-code" inputmode="numeric" maxlength={10} error={error} />
        <Submit>Turn it on</Submit>
      </Form>
    </>
  )
  return (
    <Card title="Set it up">
      <Steps items={[scan, confirm]} />
    </Card>
  )
}

/** The recovery codes, told in the one answer that made them. */
export function NewCodes({ codes }: { readonly codes: readonly string[] }): VNode {
  return (
    <Card title="Your recovery codes">
      <Notice kind="success">
        Keep these where your phone is not: they are shown this once. Each lets you in once, should you lose the phone.
      </Notice>
      <ul class="codes">
        {codes.map((code) => (
          <li>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <ButtonLink href={PAGE}>I have kept them</ButtonLink>
    </Card>
  )
}

function CodesCard({ visit, codesLeft }: { readonly visit: Signed; readonly codesLeft: number }): VNode {
  return (
    <Card title="Recovery codes">
      {codesLeft > 2 ? null : (
        <Notice kind="info">{codesLeft === 0 ? 'None is left.' : 'Few are left.'} Make new ones.</Notice>
      )}
      <p>New codes take the place of the old ones.</p>
      {isFresh(visit) ? (
        <Form visit={visit} purpose={PURPOSES.codes} action={`${PAGE}/codes`}>
          <Submit look="quiet">Make new recovery codes</Submit>
        </Form>
      ) : (
        <ProveFirst page={PAGE}>To make new ones, sign in once more.</ProveFirst>
      )}
    </Card>
  )
}

/** What was wrong with the form that turns it off. */
export interface OffProblems {
  readonly password?: string
  readonly code?: string
}

function OffCard({ visit, problems }: { readonly visit: Signed; readonly problems: OffProblems }): VNode {
  return (
    <Card title="Turn it off">
      <p>Then your password alone lets you in, and whoever knows it.</p>
      <Form visit={visit} purpose={PURPOSES.off} action={`${PAGE}/off`}>
        <WhosePassword email={visit.profile.email} />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          error={problems.password}
        />
        <Field
          name="code"
          label="Code of the app, or a recovery code"
          autocomplete="one-time-code"
          maxlength={20}
          error={problems.code}
        />
        <Submit look="danger">Turn it off</Submit>
      </Form>
    </Card>
  )
}

/** What there is while it is on. */
export function OnView(props: {
  readonly visit: Signed
  readonly factor: SecondFactor
  readonly problems?: OffProblems
}): VNode {
  const { visit, factor, problems = {} } = props
  const since = factor.confirmedAt === null ? 'Off' : `On since ${timeFor(visit.profile)(factor.confirmedAt)}`
  const facts: [string, string][] = [
    ['State', since],
    ['Recovery codes left', String(factor.codesLeft)],
  ]
  return (
    <>
      <Card>
        <Facts rows={facts} />
      </Card>
      <CodesCard visit={visit} codesLeft={factor.codesLeft} />
      <OffCard visit={visit} problems={problems} />
    </>
  )
}
