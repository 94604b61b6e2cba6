import { describe, expect, test } from '@jest/globals'
import { createNames } from '../../src/db/prepared.js'

describe('statements that the server keeps', () => {
  test('one that comes again and again gets a name, always the same', () => {
    const name = createNames()
    const asked = [1, 2, 3, 4].map(() => name('select 1 where $1'))
    expect(asked.slice(0, 2)).toEqual([undefined, undefined])
    expect(asked[2]).toMatch(/^g[0-9a-f]{24}$/)
    expect(asked[3]).toBe(asked[2])
    const other = createNames()
    expect([1, 2, 3].map(() => other('select 1 where $1'))[2]).toBe(asked[2])
  })

  test('different texts have different names', () => {
    const name = createNames()
    const names = ['a', 'b', 'c'].map((sql) => [1, 2, 3].map(() => name(sql)).at(-1))
    expect(new Set(names).size).toBe(3)
  })

  test('J15 what callers make up cannot fill the server: at most 300 are kept', () => {
    const name = createNames()
    const kept = new Set<string>()
    for (let text = 0; text < 1000; text += 1) {
      for (let time = 0; time < 3; time += 1) {
        const found = name(`select ${text}`)
        if (found !== undefined) kept.add(found)
      }
    }
    expect(kept.size).toBe(300)
  })
})
