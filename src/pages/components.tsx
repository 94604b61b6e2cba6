import { type ComponentChildren, h, type VNode } from 'preact'
import type { Visit } from './visit.js'

/** A form that posts to its own page or to `action`, with the hidden field that proves where it came from. */
export function Form(props: {
  readonly visit: Pick<Visit, 'csrf'>
  /** As the handler of the form names it: visits.post({ purpose }). */
  readonly purpose: string
  readonly action?: string
  readonly children: ComponentChildren
}): VNode {
  const { visit, purpose, action, children } = props
  return (
    <form method="post" {...(action === undefined ? {} : { action })}>
      <input type="hidden" name="csrf" value={visit.csrf(purpose)} />
      {children}
    </form>
  )
}

/** One labelled field. `error` stands beside it and is read out with it. */
export function Field(props: {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'password'
  readonly autocomplete?: string
  readonly value?: string | undefined
  readonly hint?: string
  readonly error?: string | undefined
  readonly required?: boolean
  readonly inputmode?: 'numeric' | 'text'
  readonly maxlength?: number
  readonly autofocus?: boolean
  /** Where two forms of a page have a field of one name. */
  readonly id?: string
}): VNode {
  const { name, label, type = 'text', hint, error, required = true, id = name, ...rest } = props
  const described = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter(Boolean)
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint === undefined ? null : <p id={`${id}-hint`}>{hint}</p>}
      {h('input', {
        id,
        name,
        type,
        required,
        ...rest,
        ...(described.length === 0 ? {} : { 'aria-describedby': described.join(' ') }),
        ...(error === undefined ? {} : { 'aria-invalid': 'true' }),
      })}
      {error === undefined ? null : (
        <p id={`${id}-error`} class="error">
          {error}
        </p>
      )}
    </div>
  )
}

/** Tells password managers whose password it is, where the form does not ask for the address. Nobody sees or sends it. */
export function WhosePassword({ email }: { readonly email: string }): VNode {
  return <input type="text" value={email} autocomplete="username" aria-label="Account" readonly hidden />
}

/** The button that sends a form. `name` and `value` tell which of several was pressed. */
export function Submit(props: {
  readonly children: ComponentChildren
  readonly name?: string
  readonly value?: string
  readonly look?: 'main' | 'quiet' | 'danger' | 'link'
}): VNode {
  const { children, look = 'main', ...rest } = props
  return (
    <button type="submit" class={look} {...rest}>
      {children}
    </button>
  )
}

/** A message above the content; an error is announced at once. */
export function Notice(props: {
  readonly kind: 'error' | 'info' | 'success'
  readonly children: ComponentChildren
}): VNode {
  return (
    <div class={`notice ${props.kind}`} role={props.kind === 'error' ? 'alert' : 'status'}>
      {props.children}
    </div>
  )
}

/** Names and values under each other. */
export function Facts(props: { readonly rows: readonly (readonly [string, ComponentChildren])[] }): VNode {
  return (
    <dl>
      {props.rows.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  )
}
