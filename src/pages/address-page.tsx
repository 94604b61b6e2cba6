import type { ComponentChildren, VNode } from 'preact'
import { canonicalAddress } from '../access/addresses.js'
import { Field, Form, Submit } from './components.js'
import { Document } from './document.js'
import type { PageAnswer, Visit } from './visit.js'

const LONGEST_ADDRESS = 254

interface AddressPageProps {
  readonly visit: Visit
  readonly title: string
  /** Also the path that the form is sent to. */
  readonly action: string
  readonly purpose: string
  readonly autocomplete: 'username' | 'email'
  readonly value?: string
  readonly error?: string
  /** The way for those who are wrong here. */
  readonly children: ComponentChildren
}

/** The page that asks for an address, to which a mail with a link is sent. */
export function AddressPage(props: AddressPageProps): VNode {
  const { visit, title, action, purpose, children, ...field } = props
  return (
    <Document title={title} lead="We send a mail to your address. Its link leads on.">
      <Form visit={visit} purpose={purpose} action={action}>
        <Field name="email" label="E-mail address" type="email" maxlength={LONGEST_ADDRESS} autofocus {...field} />
        <Submit>Send the mail</Submit>
      </Form>
      <p class="quiet-text">{children}</p>
    </Document>
  )
}

/** The address that was typed there, or the page once more, with what is wrong. */
export function addressFrom(
  visit: Visit,
  page: (again: Pick<AddressPageProps, 'value' | 'error'>) => VNode,
): { readonly email: string } | { readonly again: PageAnswer } {
  const typed = visit.form.get('email') ?? ''
  const email = canonicalAddress(typed)
  if (email !== undefined) return { email }
  const document = page({ value: typed.slice(0, LONGEST_ADDRESS), error: 'This is no e-mail address.' })
  return { again: { document, status: 422 } }
}
