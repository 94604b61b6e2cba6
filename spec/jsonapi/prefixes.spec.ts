import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Database } from '../../src/db/connect.js'
import { rangesOf } from '../../src/jsonapi/prefixes.js'
import { specDatabase } from '../support/database.js'

// The ranges only help to find what `ilike` is then asked for: they may hold more than meets it, never less.

let db: Database
beforeAll(async () => {
  db = await specDatabase()
})
afterAll(() => db.close())

test('a prefix is one range for each way to write its first letters', () => {
  expect(rangesOf('7-1', false)).toEqual([['7-1', '7-2']])
  expect(rangesOf('a7', false)).toEqual([
    ['a7', 'a8'],
    ['A7', 'A8'],
  ])
  expect(rangesOf('Order-2024', false)).toHaveLength(16)
  expect(rangesOf('Order-2024', false)[0]).toEqual(['orde', 'ordf'])
  expect(rangesOf('ORDER-2024', true)).toEqual([['order-2024', 'order-2025']])
})

test('it goes no further than where a locale decides what is the same letter', () => {
  expect(rangesOf('', false)).toEqual([])
  expect(rangesOf('é1', false)).toEqual([])
  expect(rangesOf('1é', true)).toEqual([['1', '2']])
  expect(rangesOf('aIb', true)).toEqual([['a', 'b']])
  expect(rangesOf('aib', true)).toEqual([['aib', 'aic']])
})

const SIGNS = [
  ...'abIiKkSs7-~%_\\ é',
  '\u0130',
  '\u0131',
  '\u212a',
  '\u017f',
  '\u00cc',
  '\u0307',
  '\u{1f600}',
  '\u{10ffff}',
]
const WORDS = SIGNS.flatMap((one) => [one, ...SIGNS.map((two) => one + two)])
const escaped = (text: string): string => text.replace(/[\\%_]/g, (sign) => `\\${sign}`)

test('whatever begins with a prefix in any case lies in a range, in every locale of the engine', async () => {
  const { rows: known } = await db.knex.raw<{ rows: { name: string }[] }>(`
    select quote_ident(collname) as name from pg_collation
    where collname in ('default', 'C', 'en-x-icu', 'tr-x-icu', 'lt-x-icu', 'en_US.utf8', 'tr_TR.utf8')`)
  expect(known.length).toBeGreaterThan(1)
  let met = 0
  for (const { name } of known) {
    for (const lower of [false, true]) {
      const prefixes = WORDS.filter((word, index) => index % 4 === 0 && rangesOf(word, lower).length > 0)
      const ranges = prefixes.flatMap((prefix) => rangesOf(prefix, lower).map((range) => ({ prefix, range })))
      const { rows } = await db.knex.raw<{ rows: { prefix: string; word: string; inside: boolean }[] }>(
        `with ranges as (select * from unnest(?::text[], ?::text[], ?::text[]) as ranges (prefix, first, before))
         select prefix, word, exists (select 1 from ranges where ranges.prefix = prefixes.prefix
             and word collate "C" >= first and word collate "C" < before) as inside
         from unnest(?::text[], ?::text[]) as prefixes (prefix, pattern), unnest(?::text[]) as word
         where word collate ${name} ilike pattern ${lower ? `and word = lower(word collate ${name})` : ''}`,
        [
          ranges.map(({ prefix }) => prefix),
          ranges.map(({ range: [from] }) => from),
          ranges.map(({ range: [, before] }) => before),
          prefixes,
          prefixes.map((prefix) => `${escaped(prefix)}%`),
          WORDS,
        ] as never,
      )
      met += rows.length
      expect([name, lower, rows.filter(({ inside }) => !inside)]).toEqual([name, lower, []])
    }
  }
  expect(met).toBeGreaterThan(1000)
})
