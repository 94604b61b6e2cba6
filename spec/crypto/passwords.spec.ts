import { availableParallelism } from 'node:os'
import { describe, expect, test } from '@jest/globals'
import { checkPassword, hashPassword, inLine } from '../../src/crypto/passwords.js'
import { AppError } from '../../src/errors.js'

const COST = 4

/** What others wait for until `end` is called. */
function anEnd(): { ended: Promise<void>; end: () => void } {
  let end = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { ended, end }
}

describe('passwords', () => {
  test('the right password fits, another does not', async () => {
    const hash = await hashPassword('correct horse', COST)
    expect(await checkPassword('correct horse', hash)).toBe(true)
    expect(await checkPassword('correct horsf', hash)).toBe(false)
  })

  test('S1 passwords that share 72 bytes, or what stands before a NUL, are different', async () => {
    const start = 'x'.repeat(72)
    const long = await hashPassword(`${start}a`, COST)
    expect(await checkPassword(`${start}b`, long)).toBe(false)
    expect(await checkPassword(`${start}a`, long)).toBe(true)
    const withNul = await hashPassword('abc\0def', COST)
    expect(await checkPassword('abc\0xyz', withNul)).toBe(false)
    expect(await checkPassword('abc', withNul)).toBe(false)
  })

  test('S1 a megabyte is answered at once', async () => {
    const started = performance.now()
    const hash = await hashPassword('p'.repeat(1_000_000), COST)
    expect(await checkPassword(`${'p'.repeat(999_999)}q`, hash)).toBe(false)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('the same letters typed on another keyboard are the same password', async () => {
    const hash = await hashPassword('cafe\u0301', COST)
    expect(await checkPassword('caf\u00e9', hash)).toBe(true)
  })

  test('S7 beyond a short queue the answer is 429 with Retry-After, and the queue is served', async () => {
    const results = await Promise.allSettled(Array.from({ length: 2000 }, () => hashPassword('many', COST)))
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(2000)
    for (const error of refused) {
      expect(error).toBeInstanceOf(AppError)
      expect((error as AppError).status).toBe(429)
      expect((error as AppError).headers).toEqual({ 'Retry-After': '1' })
    }
    expect(await hashPassword('after the storm', COST)).toMatch(/^\$2b\$04\$/)
  })

  test('S7 who is one too many in the line is refused before anything is done for them', async () => {
    let begun = 0
    const { ended, end } = anEnd()
    const work = async (): Promise<void> => {
      begun += 1
      await ended
    }
    const outcomes = Promise.allSettled(Array.from({ length: 2000 }, () => inLine(work)))
    await expect(inLine(work)).rejects.toMatchObject({ status: 429, headers: { 'Retry-After': '1' } })
    // As many as are hashed, and one more.
    const begunAtOnce = begun
    expect(begunAtOnce).toBeGreaterThan(0)
    expect(begunAtOnce).toBeLessThanOrEqual(availableParallelism() + 1)
    end()
    const served = (await outcomes).filter(({ status }) => status === 'fulfilled').length
    expect(served).toBeGreaterThan(begunAtOnce)
    expect(served).toBeLessThan(2000)
    expect(begun).toBe(served)
    await expect(inLine(async () => Promise.reject(new Error('its own')))).rejects.toThrow('its own')
    await expect(inLine(async () => 'free again')).resolves.toBe('free again')
  })

  test('S7 many refusals leave room between them for whoever asks for something else', async () => {
    const { ended, end } = anEnd()
    let refused = 0
    const refusedOne = (): void => {
      refused += 1
    }
    const all = Promise.all(Array.from({ length: 2000 }, () => inLine(() => ended).catch(refusedOne)))
    let most = 0
    for (let before = 0; refused < 1000; before = refused) {
      await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, refused - before)
    }
    // Of 2,000 over a second, those of five milliseconds.
    expect(most).toBeLessThanOrEqual(10)
    end()
    await all
    expect(refused).toBeGreaterThan(1000)
  })
})
