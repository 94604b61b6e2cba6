import type { ComponentChildren, VNode } from 'preact'
import type { Seat } from '../access/seats.js'
import { brandingOf } from './branding.js'
import { Facts, Form, Submit } from './components.js'
import { Document } from './document.js'
import type { Visit } from './visit.js'

/** What a person is asked to agree to. */
export interface ConsentProps {
  readonly visit: Visit
  readonly application: string
  /** Who made it; undefined: nobody who may be named. */
  readonly maker: string | undefined
  /** Where it will act; undefined: in all of theirs. */
  readonly organization: Seat['organization'] | undefined
  /** What it may do, in words. */
  readonly words: readonly string[]
  /** Where the answer goes. */
  readonly host: string
  /** Another resource server for which the tokens are. */
  readonly resource: string | undefined
  /** The sealed request. */
  readonly sealed: string
  /** Address under which somebody else can sign in. */
  readonly someoneElse: string
}

/** What an application may do, one sentence under the other. */
export const Words = ({ words }: { readonly words: readonly string[] }): VNode => (
  <ul class="words">
    {words.map((sentence) => (
      <li>{sentence}</li>
    ))}
  </ul>
)

/** Who is signed in, and the way for those who are somebody else. */
export const SignedInAs = ({ visit, someoneElse }: Pick<ConsentProps, 'visit' | 'someoneElse'>): VNode => (
  <p class="quiet-text">
    Signed in as {visit.session?.email}. <a href={someoneElse}>Use another account</a>
  </p>
)

/** The organization that a page names, for its form: what is agreed to there counts in no other. */
export const AgreedPlace = ({ organization }: { readonly organization: Seat['organization'] }): VNode => (
  <input type="hidden" name="organization" value={organization.id} />
)

/** What a person says to a request: yes to all that a page has told them, in which organization, or no. */
export type Word = 'allow' | 'choose' | 'cancel'

/** The form that answers a sealed request: by its word, which `label` puts on the button, or by a no. */
export function RequestForm(props: {
  readonly visit: Visit
  /** The sealed request. */
  readonly sealed: string
  readonly word: Word
  readonly label: string
  readonly children?: ComponentChildren
}): VNode {
  const { visit, sealed, word, label, children } = props
  return (
    <Form visit={visit} purpose="authorize" action="/oauth/continue">
      <input type="hidden" name="request" value={sealed} />
      {children}
      <div class="actions">
        <Submit name="decision" value={word}>
          {label}
        </Submit>
        <Submit name="decision" value="cancel" look="quiet">
          Cancel
        </Submit>
      </div>
    </Form>
  )
}

/** The page on which a person agrees that an application acts for them, or does not. */
export function ConsentPage(props: ConsentProps): VNode {
  const { visit, application, maker, organization, words, host, resource, sealed, someoneElse } = props
  const rows: [string, string][] = [
    ['Organization', organization?.name ?? 'All of yours'],
    ...(maker === undefined ? [] : [['Made by', maker] as [string, string]]),
    ['Returns to', host],
    ...(resource === undefined ? [] : [['Also for', resource] as [string, string]]),
  ]
  return (
    <Document
      title={`${application} wants to act for you`}
      lead={`In ${organization?.name ?? 'all your organizations'} it asks to:`}
      branding={organization === undefined ? undefined : brandingOf(organization).branding}
    >
      <Words words={words} />
      <p>Whatever it does, it does in your name. You can withdraw this at any time.</p>
      <Facts rows={rows} />
      <RequestForm visit={visit} sealed={sealed} word="allow" label="Allow">
        {organization === undefined ? null : <AgreedPlace organization={organization} />}
      </RequestForm>
      <SignedInAs visit={visit} someoneElse={someoneElse} />
    </Document>
  )
}
