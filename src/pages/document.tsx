import type { Response } from 'express'
import type { ComponentChildren, VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { Band, Brand, type Branding } from './branding.js'
import { Mark } from './mark.js'
import { STYLE_HREF } from './style.js'

/** One page: the title is its heading and the browser tab's; the lead is a sentence under it. */
export interface DocumentProps {
  readonly title: string
  readonly lead?: string
  /** `card`: a form in the middle of the page; `wide`: a text; `account`: a page with a list of others beside it. */
  readonly layout?: 'card' | 'wide' | 'account'
  /** Whose page it is besides ours: of an organization's application, the organization. */
  readonly branding?: Branding | undefined
  /** Stands in the top at the right, e.g. who is signed in. */
  readonly aside?: ComponentChildren
  /** The list beside an account page. */
  readonly side?: ComponentChildren
  /** Where the browser goes from here by itself, at once. */
  readonly onTo?: string
  readonly children?: ComponentChildren
}

const Title = ({ title, lead }: Pick<DocumentProps, 'title' | 'lead'>): VNode => (
  <div class="title">
    <h1>{title}</h1>
    {lead === undefined ? null : <p>{lead}</p>}
  </div>
)

function Content(props: DocumentProps): VNode {
  const { layout = 'card', side, children } = props
  const content = (
    <>
      <Title {...props} />
      {children}
    </>
  )
  if (layout === 'wide') return content
  if (layout === 'card') return <div class="sheet">{content}</div>
  return (
    <div class="columns">
      {side}
      <div class="plain" id="content">
        {content}
      </div>
    </div>
  )
}

const Head = ({ title, branding, onTo }: DocumentProps): VNode => (
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    {onTo === undefined ? null : <meta http-equiv="refresh" content={`0;url=${onTo}`} />}
    <title>{title === 'Gatehouse' ? title : `${title} · ${branding?.name ?? 'Gatehouse'}`}</title>
    <link rel="icon" type="image/svg+xml" href="/pages/mark.svg" />
    <link rel="stylesheet" href={STYLE_HREF} />
  </head>
)

const Ours = ({ layout }: Pick<DocumentProps, 'layout'>): VNode => (
  <a class="brand" href={layout === 'account' ? '/account' : '/'}>
    <Mark />
    <span>Gatehouse</span>
  </a>
)

/** The whole document around a page's content. Every value in it is escaped by the renderer. */
export function Document(props: DocumentProps): VNode {
  const { layout = 'card', branding, aside } = props
  return (
    <html lang="en">
      <Head {...props} />
      <body class={`${layout}-page`}>
        {layout === 'account' ? (
          <a class="skip" href="#content">
            Skip to the content
          </a>
        ) : null}
        {branding === undefined ? null : <Band branding={branding} />}
        <header class="top">
          {branding === undefined ? <Ours layout={layout} /> : <Brand branding={branding} />}
          {aside}
        </header>
        <main>
          <Content {...props} />
        </main>
        {branding === undefined ? null : <footer class="foot">Sign-in by Gatehouse</footer>}
      </body>
    </html>
  )
}

/** What a page of ours may load and where its forms may lead; it runs no script. A form whose answer redirects to an
 *  application needs that application's origin too: browsers check the whole way. */
const policy = (formTo = '', images = ''): string =>
  `default-src 'none'; style-src 'self'; img-src 'self' data:${images}; base-uri 'none'; form-action 'self'${formTo}; frame-ancestors 'none'`

/** Sends a document that nobody keeps, with its policy. `formTo` is an origin to which its forms may lead besides ours,
 *  `imageFrom` one from which it may show an image. */
export function sendDocument(
  res: Response,
  page: {
    readonly document: VNode
    readonly status?: number
    readonly formTo?: string
    readonly imageFrom?: string
    /** Instead of the policy of all other pages. */
    readonly csp?: string
  },
): void {
  const { document, status = 200, formTo, imageFrom, csp } = page
  const origin = (name?: string): string => (name === undefined ? '' : ` ${name}`)
  res.setHeader('Content-Security-Policy', csp ?? policy(origin(formTo), origin(imageFrom)))
  res.status(status).set('Cache-Control', 'no-store')
  res.type('html').send(`<!doctype html>${renderToString(document)}`)
}
