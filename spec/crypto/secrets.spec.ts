import { describe, expect, test } from '@jest/globals'
import { checksum } from '../../src/crypto/checksum.js'
import { createSecrets } from '../../src/crypto/secrets.js'

const one = createSecrets(Buffer.from('a master key that is long enough'))
const other = createSecrets(Buffer.from('another key that is long enough.'))

describe('secrets', () => {
  test('6749-26 a secret has 256 random bits, a prefix and a checksum', () => {
    const secret = one.newSecret('gh_sk_test_')
    expect(secret).toMatch(/^gh_sk_test_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/)
    expect(secret.slice(-6)).toBe(checksum(secret.slice(0, -6)))
    expect(new Set(Array.from({ length: 1000 }, () => one.newSecret(''))).size).toBe(1000)
  })

  test('the checksum is CRC-32', () => {
    // The check value of CRC-32 is cbf43926 for "123456789"; in base 62: 3jZNzq.
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    const value = [...checksum('123456789')].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0)
    expect(value).toBe(0xcbf43926)
  })

  test('a hash fits its value only, and only under the same master key', () => {
    const hash = one.hash('value')
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(one.matches('value', hash)).toBe(true)
    expect(one.matches('valuf', hash)).toBe(false)
    expect(one.matches('value', '')).toBe(false)
    expect(other.matches('value', hash)).toBe(false)
  })

  test('what is sealed opens under the same master key only, and not when it was changed', () => {
    const sealed = one.seal('a private key, ünïcode')
    expect(sealed).not.toContain('private')
    expect(one.seal('a private key, ünïcode')).not.toBe(sealed)
    expect(one.open(sealed)).toBe('a private key, ünïcode')
    expect(() => other.open(sealed)).toThrow()
    const [version, nonce, tag, text] = sealed.split('.')
    expect(() => one.open([version, nonce, tag, `A${text?.slice(1)}B`].join('.'))).toThrow()
    expect(() => one.open([version, nonce, tag?.slice(0, 6), text].join('.'))).toThrow()
    expect(() => one.open('v2.a.b.c')).toThrow()
  })

  test('the fingerprint names the key and is neither it nor one of the derived ones', () => {
    expect(one.fingerprint).toBe(createSecrets(Buffer.from('a master key that is long enough')).fingerprint)
    expect(one.fingerprint).not.toBe(other.fingerprint)
  })
})
