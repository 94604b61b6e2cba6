import type { Response } from 'express'
import type { ComponentChildren, VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { STYLE_HREF } from './style.js'

/** One page: the title is its heading and the browser tab's; the lead is a sentence under it. */
export interface DocumentProps {
  readonly title: string
  readonly lead?: string
  readonly children?: ComponentChildren
}

/** The whole document around a page's content. Every value in it is escaped by the renderer. */
export function Document({ title, lead, children }: DocumentProps): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="stylesheet" href={STYLE_HREF} />
      </head>
      <body>
        <header>
          <div>
            <h1>{title}</h1>
            {lead === undefined ? null : <p>{lead}</p>}
          </div>
        </header>
        <main>{children}</main>
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
  page: { readonly document: VNode; readonly status?: number; readonly formTo?: string; readonly imageFrom?: string },
): void {
  const { document, status = 200, formTo, imageFrom } = page
  const origin = (name?: string): string => (name === undefined ? '' : ` ${name}`)
  res.setHeader('Content-Security-Policy', policy(origin(formTo), origin(imageFrom)))
  res.status(status).set('Cache-Control', 'no-store')
  res.type('html').send(`<!doctype html>${renderToString(document)}`)
}
