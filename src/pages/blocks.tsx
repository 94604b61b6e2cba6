import type { ComponentChildren, VNode } from 'preact'

/** A sheet with a heading of its own, on a page that has several. */
export function Card(props: { readonly title?: string; readonly children: ComponentChildren }): VNode {
  return (
    <section class="card">
      {props.title === undefined ? null : <h2>{props.title}</h2>}
      {props.children}
    </section>
  )
}

/** What is to be done, one thing after another. */
export function Steps(props: { readonly items: readonly ComponentChildren[] }): VNode {
  return (
    <ol class="steps">
      {props.items.map((item) => (
        <li>{item}</li>
      ))}
    </ol>
  )
}

/** One thing of a list: what it is, a line or two about it, and what can be done with it. */
export interface RowProps {
  readonly title: ComponentChildren
  readonly details?: readonly ComponentChildren[]
  readonly action?: ComponentChildren
}

/** Things under each other, each with its button. */
export function Rows(props: { readonly items: readonly RowProps[] }): VNode {
  return (
    <ul class="rows">
      {props.items.map(({ title, details = [], action }) => (
        <li>
          <div class="what">
            <h3>{title}</h3>
            {details.map((detail) => (
              <p>{detail}</p>
            ))}
          </div>
          {action}
        </li>
      ))}
    </ul>
  )
}

/** A word in a frame, behind a name. */
export function Badge(props: { readonly look?: 'good' | 'bad'; readonly children: ComponentChildren }): VNode {
  return <span class={`badge ${props.look ?? ''}`.trim()}>{props.children}</span>
}

/** A table that scrolls sideways where it must; `caption` is for those who hear it. */
export function Table(props: {
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly ComponentChildren[])[]
}): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard (WCAG 2.1.1)
    <section class="scroll" tabIndex={0} aria-label={props.caption}>
      <table>
        <caption class="hidden">{props.caption}</caption>
        <thead>
          <tr>
            {props.head.map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((cells) => (
            <tr>
              {cells.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** Says that there is nothing yet, and what would be here. */
export function EmptyState(props: { readonly children: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <p>{props.children}</p>
    </div>
  )
}

/** A link that looks like a button. */
export function ButtonLink(props: {
  readonly href: string
  readonly look?: 'main' | 'quiet' | 'danger'
  readonly children: ComponentChildren
}): VNode {
  return (
    <a class={`button ${props.look ?? 'main'}`} href={props.href}>
      {props.children}
    </a>
  )
}

/** Lines to be copied. They scroll sideways, so the keyboard must reach them (WCAG 2.1.1). */
export function Code(props: { readonly children: ComponentChildren; readonly wrap?: boolean }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard
    <pre tabIndex={0} class={props.wrap === true ? 'wrap' : undefined}>
      <code>{props.children}</code>
    </pre>
  )
}

/** Buttons beside each other. */
export function Actions(props: { readonly children: ComponentChildren }): VNode {
  return <div class="actions">{props.children}</div>
}

/** One address of a list of links. */
export interface NavItem {
  readonly href: string
  readonly text: string
  readonly detail?: string
}

/** Links: as tiles in a text, or as the list beside a page. `current` is the address of the page itself. */
export function Nav(props: {
  readonly label: string
  readonly look: 'tiles' | 'side'
  readonly items: readonly NavItem[]
  readonly current?: string
}): VNode {
  return (
    <nav class={props.look} aria-label={props.label}>
      <ul>
        {props.items.map(({ href, text, detail }) => (
          <li>
            <a href={href} {...(href === props.current ? { 'aria-current': 'page' as const } : {})}>
              {text}
              {detail === undefined ? null : <span>{detail}</span>}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** One of several things to choose, or something to tick. */
export function Choice(props: {
  readonly name: string
  readonly value: string
  readonly type?: 'radio' | 'checkbox'
  readonly title: string
  readonly detail?: string
  readonly checked?: boolean
  readonly required?: boolean
}): VNode {
  const { type = 'radio', title, detail, ...rest } = props
  return (
    <label class="choice">
      <input type={type} {...rest} />
      <strong>{title}</strong>
      {detail === undefined ? null : <span class="detail">{detail}</span>}
    </label>
  )
}

/** One of many values, by a list that opens. */
export function Select(props: {
  readonly name: string
  readonly label: string
  readonly options: readonly (readonly [value: string, text: string])[]
  readonly value?: string | undefined
  readonly autocomplete?: string
}): VNode {
  const { name, label, options, value, autocomplete } = props
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name} {...(autocomplete === undefined ? {} : { autocomplete })}>
        {options.map(([one, text]) => (
          <option value={one} selected={one === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
