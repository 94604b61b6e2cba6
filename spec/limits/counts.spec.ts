import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Counts, createCounts } from '../../src/limits/counts.js'

/** How many of so many keys are let through, each asking once. */
async function through(counts: Counts, keys: readonly string[]): Promise<number> {
  let passed = 0
  for (const key of keys) if (!(await counts.add(key)).refused) passed += 1
  return passed
}
const keys = (number: number, what: string): string[] =>
  Array.from({ length: number }, (_, index) => `${what} ${index}`)

describe('as time goes by', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  test('S6 once a flood of keys is over, each is counted by itself again', async () => {
    const counts = createCounts({ points: 1, seconds: 60 }, { shared: false })
    expect(await through(counts, keys(50_000, 'flood'))).toBe(50_000)
    expect(await through(counts, keys(3_000, 'folded'))).toBeLessThanOrEqual(1_024)
    jest.advanceTimersByTime(121_000)
    expect(await through(counts, keys(3_000, 'later'))).toBe(3_000)
  })

  // Why they are not sliding: docs/security.md, "Limits".
  test('a window begins with the first request; at its edge twice the limit may pass within its length, and never more', async () => {
    const counts = createCounts({ points: 10, seconds: 60 }, { shared: false })
    const ada = (times: number) => through(counts, Array(times).fill('ada'))
    expect(await ada(1)).toBe(1)
    jest.advanceTimersByTime(59_900)
    expect(await ada(20)).toBe(9)
    jest.advanceTimersByTime(200)
    expect(await ada(20)).toBe(10)
    jest.advanceTimersByTime(59_600)
    expect(await ada(20)).toBe(0)
  })

  test('a refused request makes no window longer', async () => {
    const counts = createCounts({ points: 1, seconds: 60 }, { shared: false })
    expect(await through(counts, ['ada', 'ada'])).toBe(1)
    jest.advanceTimersByTime(59_000)
    expect(await through(counts, ['ada', 'ada'])).toBe(0)
    jest.advanceTimersByTime(1_100)
    expect(await through(counts, ['ada', 'ada'])).toBe(1)
  })

  test('a key that was told of is told of again only from a tenth on, once its window is over', async () => {
    const counts = createCounts({ points: 20, seconds: 60 }, { shared: true })
    await through(counts, Array(5).fill('ada'))
    jest.advanceTimersByTime(30_000)
    await counts.news(10)
    jest.advanceTimersByTime(30_100)
    await counts.add('ada')
    expect(await counts.news(10)).toEqual([])
  })
})

describe('what the other instances are told', () => {
  test('a request that comes while they are being told is told of once', async () => {
    const counts = createCounts({ points: 20, seconds: 60 }, { shared: true })
    for (let index = 0; index < 5; index += 1) await counts.add('ada')
    const told = counts.news(10)
    await counts.add('ada')
    expect((await told).map(({ points }) => points)).toEqual([5])
    await counts.add('ada')
    expect((await counts.news(10)).map(({ points }) => points)).toEqual([2])
  })

  test('what could not be told is told later, with what came between', async () => {
    const counts = createCounts({ points: 20, seconds: 60 }, { shared: true })
    for (let index = 0; index < 5; index += 1) await counts.add('ada')
    const news = await counts.news(10)
    await counts.add('ada')
    counts.keep(news)
    expect((await counts.news(10)).map(({ points }) => points)).toEqual([6])
  })

  test('what was taken and given back since is no news', async () => {
    const counts = createCounts({ points: 20, seconds: 60 }, { shared: true })
    for (let index = 0; index < 5; index += 1) await counts.add('ada')
    await counts.news(10)
    await counts.add('ada')
    await counts.remove('ada')
    expect(await counts.news(10)).toEqual([])
  })

  test('a key of a megabyte is kept and told as a short one', async () => {
    const counts = createCounts({ points: 10, seconds: 60 }, { shared: true })
    await counts.add(['x'.repeat(1e6), 'y'])
    expect((await counts.news(10)).map(({ key }) => key.length)).toEqual([43])
  })

  test('what the others counted is added to what is not told yet', async () => {
    const counts = createCounts({ points: 20, seconds: 60 }, { shared: true })
    for (let index = 0; index < 5; index += 1) await counts.add('ada')
    await counts.news(10)
    await counts.add('ada')
    await counts.adopt({ key: 'ada', points: 9, ms: 30_000 })
    expect((await counts.look('ada'))?.consumedPoints).toBe(10)
  })
})
