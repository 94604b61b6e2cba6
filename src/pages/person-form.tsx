import type { VNode } from 'preact'
import { PASSWORD_FAULTS, passwordFault, SHORTEST_PASSWORD } from '../crypto/password-rules.js'
import type { Parameters } from '../oauth/parameters.js'
import { Field } from './components.js'

/** Fields of the form in which a person introduces themself. */
export const PERSON_FIELDS = ['first_name', 'last_name', 'password'] as const

/** What is wrong with a form, by field. */
export type FormErrors = Readonly<Record<string, string>>

/** What a person has typed, but for the password. */
export interface PersonValues {
  readonly firstName: string
  readonly lastName: string
}

const LONGEST_NAME = 100

/** A name as it is kept: one line without spaces around. */
export const oneLine = (text: string | undefined): string =>
  (text ?? '').replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()

/** What is wrong with a name that somebody has to give, if anything. */
export function nameFault(name: string, longest = LONGEST_NAME): string | undefined {
  if (name === '') return 'This is needed.'
  return name.length > longest ? `Too long: ${longest} characters at most.` : undefined
}

/** Faults by field, without those that are none. */
export const faultsOf = (faults: Readonly<Record<string, string | undefined>>): FormErrors =>
  Object.fromEntries(Object.entries(faults).flatMap(([name, fault]) => (fault === undefined ? [] : [[name, fault]])))

/** What is wrong with a password that somebody chooses, in words. */
export async function chosenPasswordFault(password: string | undefined, email: string): Promise<string | undefined> {
  const fault = await passwordFault(password ?? '', email)
  return fault && PASSWORD_FAULTS[fault]
}

/** Reads the form of a person. */
export async function readPerson(
  form: Parameters,
  email: string,
): Promise<{ values: PersonValues; password: string; faults: Record<string, string | undefined> }> {
  const values = { firstName: oneLine(form.get('first_name')), lastName: oneLine(form.get('last_name')) }
  const password = form.get('password') ?? ''
  const faults = {
    first_name: nameFault(values.firstName),
    last_name: nameFault(values.lastName),
    password: await chosenPasswordFault(password, email),
  }
  return { values, password, faults }
}

/** The field in which a password is chosen. */
export function NewPasswordField({ error, label = 'Password' }: { error?: string | undefined; label?: string }): VNode {
  return (
    <Field
      name="password"
      label={label}
      type="password"
      autocomplete="new-password"
      hint={`${SHORTEST_PASSWORD} characters or more. Length counts; a sentence is good.`}
      error={error}
    />
  )
}

/** The fields in which a person introduces themself: names, and the password to come. */
export function PersonFields({ values, errors }: { values?: PersonValues | undefined; errors: FormErrors }): VNode {
  return (
    <>
      <Field
        name="first_name"
        label="First name"
        autocomplete="given-name"
        value={values?.firstName}
        maxlength={LONGEST_NAME}
        error={errors.first_name}
      />
      <Field
        name="last_name"
        label="Last name"
        autocomplete="family-name"
        value={values?.lastName}
        maxlength={LONGEST_NAME}
        error={errors.last_name}
      />
      <NewPasswordField error={errors.password} />
    </>
  )
}
