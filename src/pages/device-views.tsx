import type { VNode } from 'preact'
import type { Seat } from '../access/seats.js'
import { brandingOf } from './branding.js'
import { Facts, Field, Form, Notice, Submit } from './components.js'
import { AgreedPlace, SignedInAs, Words } from './consent.js'
import { Document } from './document.js'
import { OrganizationPicker } from './organization-choice.js'
import type { Visit } from './visit.js'

/** The page on which a person types the code that a device shows. */
export function DeviceCodePage(props: {
  readonly visit: Visit
  readonly code: string | undefined
  readonly error?: string
}): VNode {
  const { visit, code, error } = props
  return (
    <Document title="Let a device in" lead="Type the code that the device or program shows you.">
      <Form visit={visit} purpose="device" action="/device">
        <Field
          name="user_code"
          label="Code"
          hint="Eight letters. Dashes and capitals do not matter."
          value={code}
          error={error}
          autocomplete="off"
          maxlength={20}
          autofocus
        />
        <Submit>Continue</Submit>
      </Form>
    </Document>
  )
}

/** What a person is asked who has typed a code. */
export interface DeviceProps {
  readonly visit: Visit
  readonly application: string
  readonly maker: string | undefined
  /** As the device shows it. */
  readonly code: string
  /** Another resource server for which its tokens are. */
  readonly resource: string | undefined
  /** What it may do, in words. */
  readonly words: readonly string[]
  /** The organization that it will act in; undefined: one of `seats`, or all. */
  readonly organization: Seat['organization'] | undefined
  /** To choose among; empty: nothing is to be chosen. */
  readonly seats: readonly Seat[]
  readonly someoneElse: string
}

function Place({ organization, seats }: Pick<DeviceProps, 'organization' | 'seats'>): VNode | null {
  if (organization !== undefined) return <AgreedPlace organization={organization} />
  return seats.length > 0 ? <OrganizationPicker seats={seats} legend="In which organization?" /> : null
}

/** The page on which a person lets a device in, or does not: always asked, whoever opened it with the code filled in,
 *  since that may have been somebody else's device. Source: RFC 8628 §3.3.1, §5.4 */
export function DeviceConsentPage(props: DeviceProps): VNode {
  const { visit, application, maker, code, resource, words, organization, seats, someoneElse } = props
  const where = organization?.name ?? (seats.length > 0 ? 'the organization below' : 'all your organizations')
  const rows: [string, VNode | string][] = [
    ['Code', <code>{code}</code>],
    ['Organization', organization?.name ?? (seats.length > 0 ? 'You choose below' : 'All of yours')],
    ...(resource === undefined ? [] : [['Also for', resource] as [string, string]]),
    ...(maker === undefined ? [] : [['Made by', maker] as [string, string]]),
  ]
  return (
    <Document
      title={`Let ${application} in on a device?`}
      lead={`It will act for you in ${where}, and may:`}
      branding={organization === undefined ? undefined : brandingOf(organization).branding}
    >
      <Words words={words} />
      <Notice kind="info">
        Allow this only if the device is yours, is in front of you, and shows this very code. If somebody sent you the
        code or the link, refuse.
      </Notice>
      <Facts rows={rows} />
      <Form visit={visit} purpose="device" action="/device">
        <input type="hidden" name="user_code" value={code} />
        <Place organization={organization} seats={seats} />
        <div class="actions">
          <Submit name="decision" value="allow">
            Allow
          </Submit>
          <Submit name="decision" value="deny" look="danger">
            Refuse
          </Submit>
        </div>
      </Form>
      <SignedInAs visit={visit} someoneElse={someoneElse} />
    </Document>
  )
}

/** The page after it. */
export const DeviceDonePage = ({ allowed }: { readonly allowed: boolean }): VNode =>
  allowed ? (
    <Document title="The device is in" lead="It goes on by itself; you can close this page." />
  ) : (
    <Document title="Refused" lead="The device was told so, and got nothing." />
  )
