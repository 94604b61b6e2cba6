import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { parse } from 'yaml'
import { Document } from '../../src/pages/document.js'
import { type Service, startService } from '../support/service.js'

let service: Service

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

async function get(path: string) {
  const answer = await fetch(`${service.url}${path}`)
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

test('J19 the renderer escapes every value, in elements and in attributes', () => {
  const evil = `"><script>alert('x')</script>&`
  const page = renderToString(h(Document, { title: evil, lead: evil, children: h('p', { title: evil }, evil) }))
  expect(page).not.toContain('<script')
  expect(page.match(/&lt;script>alert\('x'\)&lt;\/script>&amp;/g)).toHaveLength(5)
  expect(page).toContain('<p title="&quot;>&lt;script')
})

describe('the first page', () => {
  test('says what runs here, and how to begin', async () => {
    const { status, text, headers } = await get('/')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(text).toContain('https://auth.gatehouse.test/oauth/token')
    expect(text.match(/curl -s/g)).toHaveLength(3)
    for (const link of ['/docs/api', '/openapi.yaml', '/health']) expect(text).toContain(`href="${link}"`)
  })

  test('runs no script and loads nothing from elsewhere', async () => {
    const { text, headers } = await get('/')
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'self'/)
    expect(text).not.toMatch(/<script|\sstyle=|\son[a-z]+=/)
    expect(text.match(/(?:src|href)="(?!\/)[^"]*"/g)).toBeNull()
  })
})

test('every link of the pages leads somewhere', async () => {
  for (const page of ['/', '/docs/api']) {
    const { text } = await get(page)
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '')
    expect(links.length).toBeGreaterThan(2)
    for (const link of links) expect([link, (await get(link)).status]).toEqual([link, 200])
  }
})

test('the API reference is served from here alone', async () => {
  const { headers, text } = await get('/docs/api')
  expect(headers.get('content-security-policy')).toContain("script-src 'self'")
  expect(headers.get('content-security-policy')).toContain("connect-src 'self'")
  expect(text).not.toContain('https://')
  expect((await get('/docs/api/start.js')).text).toContain("url: '/openapi.yaml'")
  expect((await get('/docs/api/package.json')).status).toBe(404)
})

test('openapi.yaml names this installation', async () => {
  const { headers, text } = await get('/openapi.yaml')
  expect(headers.get('content-type')).toBe('application/yaml; charset=utf-8')
  const document = parse(text)
  expect(document.openapi).toMatch(/^3\.1/)
  expect(JSON.stringify(document.servers)).toContain('https://provisioning.gatehouse.test/api')
})

test('J20 pages take GET and HEAD, nothing else', async () => {
  const answer = await fetch(`${service.url}/`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})
