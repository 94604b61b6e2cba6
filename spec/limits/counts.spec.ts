import { describe, expect, test } from '@jest/globals'
import { createCounts } from '../../src/limits/counts.js'

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

  test('what the others counted is added to what is not told yet', async () => {
    const counts = createCounts({ points: 20, seconds: 60 }, { shared: true })
    for (let index = 0; index < 5; index += 1) await counts.add('ada')
    await counts.news(10)
    await counts.add('ada')
    await counts.adopt({ key: 'ada', points: 9, ms: 30_000 })
    expect((await counts.look('ada'))?.consumedPoints).toBe(10)
  })
})
