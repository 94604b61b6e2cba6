import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { accepts, checkContentType } from '../../src/http/negotiate.js'

const OURS = 'application/vnd.api+json'

describe('Accept', () => {
  test.each([
    ['nothing', undefined, true],
    ['an empty header', '', true],
    ['anything', '*/*', true],
    ['our type', OURS, true],
    ['our type in capitals', 'Application/VND.API+JSON', true],
    ['any application type', 'application/*', true],
    ['a browser', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', true],
    ['JA-04 one plain instance among modified ones', `${OURS}; charset=utf-8, ${OURS}`, true],
    ['JA-04 all instances modified', `${OURS}; charset=utf-8, ${OURS};v=1`, false],
    ['JA-04 all modified, but anything goes', `${OURS}; charset=utf-8, */*`, true],
    ['JA-04 an extension that is not offered', `${OURS}; ext="https://example.com/x"`, false],
    ['JA-04 such an extension beside a plain instance', `${OURS}; ext="https://example.com/x", ${OURS}`, true],
    ['JA-05 an unknown profile', `${OURS}; profile="https://example.com/p"`, true],
    ['JA-05 a profile with a comma in quotes', `${OURS}; profile="https://example.com/a,b"`, true],
    ['plain JSON only', 'application/json', false],
    ['HTML only', 'text/html', false],
    ['our type with weight nought', `${OURS};q=0`, false],
    ['our type with weight nought before a wildcard', `${OURS};q=0, */*`, false],
    ['our type with a low weight', `${OURS};q=0.1`, true],
  ])('JA-04 %s: %s', (_name, header, expected) => {
    expect(accepts(header)).toBe(expected)
  })
})

describe('Content-Type of a body', () => {
  const check = (type: string | undefined) => () =>
    checkContentType({ headers: type === undefined ? {} : { 'content-type': type } } as IncomingMessage)

  test.each([OURS, 'APPLICATION/vnd.api+json', `${OURS}; profile="https://example.com/p"`])(
    'J18 %s is ours',
    (type) => {
      expect(check(type)).not.toThrow()
    },
  )

  test.each([
    undefined,
    '',
    'text/plain',
    'application/json',
    'application/x-www-form-urlencoded',
    `${OURS}; charset=utf-8`,
    `${OURS}; ext="https://example.com/x"`,
    `${OURS}x`,
    `${OURS},application/json`,
  ])('J18 JA-02 JA-03 JA-34 %s is refused', (type) => {
    expect(check(type)).toThrow(expect.objectContaining({ kind: 'unsupported_media' }))
  })
})
