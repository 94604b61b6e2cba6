import type { Response } from 'express'
import { html, type Markup } from './html.js'
import { STYLE_HREF } from './style.js'

/** A gate between two towers: the only picture we have. */
const MARK = html`<svg viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><path d="M4 44V14h3v-4h3v4h3v-4h3v34M32 44V10h3v4h3v-4h3v4h3v30M2 44h44M16 20h16M16 44V32a8 8 0 0 1 16 0v12M20 44v-9M24 44V30M28 44v-9"/></svg>`

/** What a page of ours may load: its one style sheet, and nothing else; it runs no script. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** One page: the title is the heading, the lead a sentence under it. */
export interface Page {
  readonly title: string
  readonly lead: string
  readonly content: Markup
}

/** Wraps a page's content into the whole document. */
export function layout({ title, lead, content }: Page): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${STYLE_HREF}">
</head>
<body>
<header>${MARK}<div><h1>${title}</h1><p>${lead}</p></div></header>
<main>${content}</main>
</body>
</html>
`
}

/** Sends a document with its policy. */
export function sendPage(res: Response, document: Markup, policy: string = POLICY): void {
  res.setHeader('Content-Security-Policy', policy)
  res.type('html').send(document.markup)
}
