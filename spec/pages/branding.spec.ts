import { expect, test } from '@jest/globals'
import { h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { brandingOf } from '../../src/pages/branding.js'
import { Document } from '../../src/pages/document.js'

const of = (logo_url: string | null, primary_color: string | null) =>
  brandingOf({ name: 'The <Blue> Brand', logo_url, primary_color })

const page = (logo_url: string | null, primary_color: string | null): string =>
  renderToString(h(Document, { title: 'Allow?', branding: of(logo_url, primary_color).branding }))

test('R8 a logo counts from a plain https origin only, and that origin is what the policy lets in', () => {
  const good = of('https://cdn.example.com:8443/a/logo.png?v=1', null)
  expect(good.imageFrom).toBe('https://cdn.example.com:8443')
  expect(page('https://cdn.example.com/logo.png', null)).toContain('<img src="https://cdn.example.com/logo.png" alt')
  const bad = [
    'http://cdn.example.com/logo.png',
    'javascript:alert(1)',
    'data:image/svg+xml,<svg/>',
    'https://user:secret@cdn.example.com/logo.png',
    "https://cdn.example.com;script-src 'unsafe-inline'/logo.png",
    'https://[::1]/logo.png',
    'logo.png',
  ]
  for (const url of bad)
    expect([url, of(url, null).imageFrom, page(url, null).includes('<img')]).toEqual([url, undefined, false])
})

test('R8 a colour counts as # and six digits only, and is never a style', () => {
  expect(page(null, '#1F5fbf')).toContain('<rect width="1" height="1" fill="#1F5fbf"')
  for (const color of ['red', '#fff', '#1f5fbf"/><script>', 'url(https://evil.test)', '#1f5fbf;x', '']) {
    const html = page(null, color)
    expect([color, html.includes('class="band"'), /evil|script|style=/.test(html)]).toEqual([color, false, false])
  }
})

test('who has no logo gets the first letter of the name, black or white, whichever reads better on the colour', () => {
  const ink = (color: string): string => /<text[^>]* fill="([^"]+)"[^>]*>T<\/text>/.exec(page(null, color))?.[1] ?? ''
  expect([ink('#ffff66'), ink('#10206b'), ink('#1f5fbf'), ink('#999999')]).toEqual([
    '#000000',
    '#ffffff',
    '#ffffff',
    '#000000',
  ])
  expect(page(null, null)).toContain('The &lt;Blue> Brand</span>')
})
