import type { VNode } from 'preact'
import { Form, Notice, Submit } from './components.js'
import { SignedInAs } from './consent.js'
import { Document } from './document.js'
import type { Visit } from './visit.js'

/** The page for a request whose answer may be sent nowhere. */
export const BadRequestPage = ({ reason }: { readonly reason: string }): VNode => (
  <Document title="This cannot go on" lead="The application that sent you here has made a mistake.">
    <Notice kind="error">{reason}</Notice>
    <p>Nothing was sent to it. If you are its developer: compare the request with what is registered for it.</p>
  </Document>
)

/** The page for somebody who has no place where the application is at home. Of that place nothing is told. */
export function NoSeatPage(props: {
  readonly visit: Visit
  readonly application: string
  readonly sealed: string
  readonly someoneElse: string
}): VNode {
  const { visit, application, sealed, someoneElse } = props
  return (
    <Document title="You cannot use this application" lead={`${application} is for members of its organization.`}>
      <p>Ask whoever sent you here for an invitation, or sign in with the account that was invited.</p>
      <Form visit={visit} purpose="authorize" action="/oauth/continue">
        <input type="hidden" name="request" value={sealed} />
        <Submit name="decision" value="cancel" look="quiet">
          Back to the application
        </Submit>
      </Form>
      <SignedInAs visit={visit} someoneElse={someoneElse} />
    </Document>
  )
}

/** The page that leads on to the application by itself, for a browser that a form of ours has sent here: it would follow no
 *  redirect from there, since that form's page does not name the application. Source: CSP3 "form-action", redirects */
export const OnwardsPage = ({ to }: { readonly to: string }): VNode => (
  <Document title="You are signed in" lead="You are being taken back to the application." onTo={to}>
    <p>
      <a href={to}>Go on</a>
    </p>
  </Document>
)
