import type { VNode } from 'preact'
import type { Seat } from '../access/seats.js'
import { RequestForm, SignedInAs } from './consent.js'
import { Document } from './document.js'
import type { Visit } from './visit.js'

/** One of several organizations, to be picked in a form. */
export function OrganizationPicker(props: { readonly seats: readonly Seat[]; readonly legend: string }): VNode {
  return (
    <fieldset class="choices">
      <legend>{props.legend}</legend>
      {props.seats.map(({ organization: { id, name, slug } }, index) => (
        <label>
          <input type="radio" name="organization" value={id} required checked={index === 0} />
          <span>
            {name} <span class="quiet-text">{slug}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** The page on which a person says in which organization the console is to act. That is no agreement yet: neither what it
 *  may do is told here, nor where the answer goes. */
export function OrganizationChoicePage(props: {
  readonly visit: Visit
  readonly application: string
  readonly seats: readonly Seat[]
  readonly sealed: string
  readonly someoneElse: string
}): VNode {
  const { visit, application, seats, sealed, someoneElse } = props
  return (
    <Document title="Choose an organization" lead={`${application} works in one organization at a time.`}>
      <RequestForm visit={visit} sealed={sealed} word="choose" label="Continue">
        <OrganizationPicker seats={seats} legend="Organization" />
      </RequestForm>
      <SignedInAs visit={visit} someoneElse={someoneElse} />
    </Document>
  )
}
