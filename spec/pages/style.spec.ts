import { expect, test } from '@jest/globals'
import { STYLE } from '../../src/pages/style.js'

test('the style sheet is whole: every rule has one plain selector list and its braces match', () => {
  expect(STYLE.split('{').length).toBe(STYLE.split('}').length)
  for (const [, selectors = ''] of STYLE.replace(/@media[^{]*\{/g, '').matchAll(/([^{}]+)\{/g)) {
    const names = selectors.split(',').map((one) => one.trim())
    expect([selectors, new Set(names).size]).toEqual([selectors, names.length])
  }
})
