import type { Session } from '../../src/tokens/sessions.js'
import type { Service } from './service.js'

/** One field or button of a form. */
export interface Control {
  readonly tag: 'input' | 'button' | 'select' | 'textarea'
  readonly type: string
  readonly name: string
  readonly value: string
  readonly checked: boolean
}

/** A form as a page shows it. */
export interface PageForm {
  /** Path that it is sent to. */
  readonly action: string
  readonly method: string
  readonly controls: readonly Control[]
}

/** One answer, as a browser has it. */
export interface Page {
  readonly status: number
  /** Path and query that were asked for, in the end. */
  readonly path: string
  readonly headers: Headers
  /** Where a redirect leads; undefined: it is none. */
  readonly location: string | undefined
  readonly html: string
  /** What a reader sees: the text without its tags. */
  readonly text: string
  readonly forms: readonly PageForm[]
}

type Fields = Readonly<Record<string, string>>

interface Submission {
  /** Which form, when the page has several: its place, or the name of a control that it has. Default: the first. */
  readonly form?: number | string
  /** The value of the button that is pressed, when it has a name. Default: no button with a name. */
  readonly press?: string
  readonly headers?: Fields
}

const ENTITIES: Fields = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" }
const decode = (text: string): string => text.replaceAll(/&(#?\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)

function attributesOf(tag: string): Record<string, string> {
  const found = tag.matchAll(/([^\s"'<>/=]+)(?:="([^"]*)")?/g)
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, decode(value)]))
}

function controlsOf(html: string): Control[] {
  const tags = [...html.matchAll(/<(input|button|textarea)\b([^>]*)>/g)].map(([, tag = '', rest = '']) => {
    const { type = tag === 'button' ? 'submit' : 'text', name = '', value = '', checked } = attributesOf(rest)
    return { tag: tag as Control['tag'], type, name, value, checked: checked !== undefined }
  })
  const selects = [...html.matchAll(/<select\b([^>]*)>(.*?)<\/select>/gs)].map(([, rest = '', options = '']) => {
    const all = [...options.matchAll(/<option\b([^>]*)>/g)].map(([, one = '']) => attributesOf(one))
    const { value = '' } = all.find((one) => one.selected !== undefined) ?? all[0] ?? {}
    return { tag: 'select' as const, type: 'select', name: attributesOf(rest).name ?? '', value, checked: false }
  })
  return [...tags, ...selects]
}

const formsOf = (html: string, path: string): PageForm[] =>
  [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, rest = '', inner = '']) => {
    const { action = path, method = 'get' } = attributesOf(rest)
    return { action, method: method.toLowerCase(), controls: controlsOf(inner) }
  })

/** The text of a page as a reader sees it. */
export const textOf = (html: string): string =>
  decode(html.replaceAll(/<(style|title)\b.*?<\/\1>/gs, ' ').replaceAll(/<[^>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim()

/** What a browser would send of a form: hidden and filled fields, checked boxes, not the buttons. */
const filled = ({ controls }: PageForm): [string, string][] =>
  controls
    .filter(({ tag, type, name, checked }) => {
      if (name === '' || tag === 'button' || type === 'submit') return false
      return (type !== 'checkbox' && type !== 'radio') || checked
    })
    .map(({ name, value }) => [name, value])

function pick(page: Page, wanted: number | string): PageForm {
  const form =
    typeof wanted === 'number'
      ? page.forms[wanted]
      : page.forms.find(({ controls }) => controls.some(({ name }) => name === wanted))
  if (!form) throw new Error(`no form ${wanted} at ${page.path}: ${page.status} ${page.text.slice(0, 300)}`)
  return form
}

function press(form: PageForm, value: string): [string, string] {
  const button = form.controls.find((one) => one.type === 'submit' && one.value === value && one.name !== '')
  if (!button) throw new Error(`no button ${value} among ${JSON.stringify(form.controls)}`)
  return [button.name, value]
}

/** A browser without a screen: it keeps cookies, shows forms and fills them in. Redirects are shown, not followed, except
 *  by `follow`. One is one person's browser: two of them share nothing. */
export function aBrowser(service: Pick<Service, 'url' | 'config' | 'parts'>) {
  const cookies = new Map<string, string>()
  const prefix = service.config.pagesUrl.startsWith('https:') ? '__Host-' : ''

  function keep(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  async function send(path: string, init: RequestInit = {}): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...(init.headers as Fields) }
    const response = await fetch(`${service.url}${path}`, { ...init, redirect: 'manual', headers })
    keep(response.headers)
    const html = await response.text()
    const location = response.headers.get('location') ?? undefined
    const { status, headers: answered } = response
    return { status, path, headers: answered, location, html, text: textOf(html), forms: formsOf(html, path) }
  }

  /** A path of ours, if a redirect stays here. */
  function ownPath(location: string): string | undefined {
    if (/^\/(?![/\\])/.test(location)) return location
    const own = [service.config.pagesUrl, service.config.issuer, service.url]
    const base = own.find((one) => location === one || location.startsWith(`${one}/`))
    return base === undefined ? undefined : location.slice(base.length) || '/'
  }

  return {
    cookies,
    /** Asks for a path of ours, e.g. `/login`. */
    get: (path: string, headers: Fields = {}): Promise<Page> => send(path, { headers }),
    /** Posts fields as a form; nothing is added to them. */
    post: (path: string, fields: Fields | [string, string][], headers: Fields = {}): Promise<Page> =>
      send(path, { method: 'POST', body: new URLSearchParams(fields), headers }),
    /** Follows redirects while they stay here.  @returns the page, or the redirect that leads away */
    async follow(page: Page): Promise<Page> {
      let here = page
      for (let turns = 0; here.location !== undefined && turns < 10; turns += 1) {
        const path = ownPath(here.location)
        if (path === undefined) return here
        here = await send(path)
      }
      return here
    },
    /** Fills in a form of a page and sends it, hidden fields included. */
    submit(page: Page, fields: Fields = {}, options: Submission = {}): Promise<Page> {
      const form = pick(page, options.form ?? 0)
      const pressed = options.press === undefined ? [] : [press(form, options.press)]
      const body = new URLSearchParams([
        ...filled(form).filter(([name]) => fields[name] === undefined),
        ...Object.entries(fields),
        ...pressed,
      ])
      const origin = new URL(service.config.pagesUrl).origin
      return send(ownPath(form.action) ?? form.action, {
        method: 'POST',
        body,
        headers: { origin, 'sec-fetch-site': 'same-origin', ...options.headers },
      })
    },
    /** Signs a person in without the sign-in page: a session of theirs begins and this browser holds its cookie.
     *  @returns what the cookie holds */
    async signIn(
      userId: string,
      { amr = ['pwd'], now = service.parts.clock() }: { amr?: Session['amr']; now?: Date } = {},
    ): Promise<string> {
      const session = { userId, amr, address: '127.0.0.1', userAgent: 'a browser of the specs', now }
      const token = await service.parts.sessions.begin(session)
      if (token === undefined) throw new Error('refused')
      cookies.set(`${prefix}gatehouse_session`, token)
      return token
    },
  }
}

export type Browser = ReturnType<typeof aBrowser>
