import { describe, expect, test } from '@jest/globals'
import { AppError } from '../../src/errors.js'
import { readParameters, refuseQuery } from '../../src/oauth/parameters.js'

const NAMES = new Set(['grant_type', 'client_id', 'client_secret', 'scope'])
const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

const read = (contentType: string | undefined, body: string | Buffer) =>
  Object.fromEntries(readParameters({ contentType, body: Buffer.from(body) }, NAMES))

const kindOf = (work: () => unknown): string => {
  try {
    work()
    return 'accepted'
  } catch (error) {
    return error instanceof AppError ? error.kind : `crashed: ${error}`
  }
}

describe('parameters of a token request', () => {
  test('form, JSON and JSON:API bodies say the same', () => {
    const expected = { grant_type: 'client_credentials', scope: 'a b' }
    expect(read(FORM, 'grant_type=client_credentials&scope=a+b')).toEqual(expected)
    expect(read(`${FORM}; charset=UTF-8`, 'grant_type=client_credentials&scope=a%20b')).toEqual(expected)
    expect(read(JSON_TYPE, JSON.stringify(expected))).toEqual(expected)
    expect(read('application/vnd.api+json', JSON.stringify(expected))).toEqual(expected)
    expect(read('Application/JSON;charset="utf-8"', JSON.stringify(expected))).toEqual(expected)
  })

  test('6749-03 unknown parameters are ignored and empty ones are not there', () => {
    expect(read(FORM, 'slug=x&scope=&client_id=a&&=b&tags[]=1')).toEqual({ client_id: 'a' })
    const body = { slug: 'x', api: { deep: [1] }, list: [1], scope: '', client_secret: null, client_id: 'a' }
    expect(read(JSON_TYPE, JSON.stringify(body))).toEqual({ client_id: 'a' })
    expect(read(JSON_TYPE, '{"__proto__":{"scope":"x"},"constructor":1,"client_id":"a"}')).toEqual({ client_id: 'a' })
  })

  test.each([
    ['a known one twice in a form', FORM, 'scope=a&scope=b'],
    ['an unknown one twice in a form', FORM, 'x=a&x=b'],
    ['twice by escapes', FORM, 'scope=a&sc%6fpe=b'],
    ['an empty and a full one', FORM, 'scope=&scope=b'],
    ['twice in JSON', JSON_TYPE, '{"scope":"a","scope":"b"}'],
    ['twice in JSON by escapes', JSON_TYPE, '{"scope":"a", "sc\\u006fpe" : "b"}'],
    ['twice in JSON with wide space', JSON_TYPE, `{"scope"${' '.repeat(200)}:"a","scope":"b"}`],
  ])('6749-02 R13 a parameter sent twice is refused: %s', (_case, type, body) => {
    expect(kindOf(() => read(type, body))).toBe('malformed')
  })

  test('6749-02 equal names at different depths, or in values, are not the same parameter', () => {
    const body = '{"scope":"scope","x":{"scope":"b","y":[{"scope":"c"}]},"client_id":"\\"scope\\":"}'
    expect(read(JSON_TYPE, body)).toEqual({ scope: 'scope', client_id: '"scope":' })
  })

  test.each([
    ['brackets', FORM, 'scope[]=a'],
    ['a keyed array', FORM, 'client_id[0]=a'],
    ['a number', JSON_TYPE, '{"scope":1}'],
    ['an array', JSON_TYPE, '{"client_id":["a"]}'],
    ['an object', JSON_TYPE, '{"client_id":{"a":"b"}}'],
    ['true', JSON_TYPE, '{"scope":true}'],
    ['NUL in a form', FORM, 'scope=a%00b'],
    ['NUL in JSON', JSON_TYPE, '{"scope":"a\\u0000b"}'],
    ['a lone surrogate', JSON_TYPE, '{"scope":"\\ud800"}'],
    ['invalid UTF-8 by escape', FORM, 'scope=%ff%fe'],
    ['a broken escape', FORM, 'scope=%zz'],
    ['broken JSON', JSON_TYPE, '{"scope":'],
    ['no JSON at all', JSON_TYPE, ''],
    ['a JSON list', JSON_TYPE, '["scope"]'],
    ['JSON null', JSON_TYPE, 'null'],
    ['a JSON string', JSON_TYPE, '"scope"'],
    ['no content type', undefined, 'scope=a'],
    ['another content type', 'text/plain', 'scope=a'],
    ['multipart', 'multipart/form-data; boundary=x', 'scope=a'],
    ['another charset', `${FORM}; charset=utf-16`, 'scope=a'],
  ])('R13 what is not a text is refused: %s', (_case, type, body) => {
    expect(kindOf(() => read(type, body))).toBe('malformed')
  })

  test('invalid UTF-8 bytes are refused', () => {
    expect(kindOf(() => read(FORM, Buffer.from([0x73, 0x3d, 0xff])))).toBe('malformed')
  })

  test('depth is harmless', () => {
    const deep = `{"x":${'['.repeat(30_000)}${']'.repeat(30_000)},"scope":"a"}`
    expect(read(JSON_TYPE, deep)).toEqual({ scope: 'a' })
    expect(kindOf(() => read(JSON_TYPE, '['.repeat(60_000)))).toBe('malformed')
  })

  test('T16 nothing of ours may stand in the URL', () => {
    expect(kindOf(() => refuseQuery('/oauth/token?client_secret=x', NAMES))).toBe('malformed')
    expect(kindOf(() => refuseQuery('/oauth/token?client%5Fid=x', NAMES))).toBe('malformed')
    expect(kindOf(() => refuseQuery('/oauth/token?scope[]=x', NAMES))).toBe('malformed')
    expect(kindOf(() => refuseQuery('/oauth/token?utm=1', NAMES))).toBe('accepted')
    expect(kindOf(() => refuseQuery('/oauth/token', NAMES))).toBe('accepted')
  })
})
