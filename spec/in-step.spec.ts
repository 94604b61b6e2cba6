import { expect, test } from '@jest/globals'
import { inStep } from '../src/in-step.js'

/** Three who come one after the other in one turn of the event loop, as requests do that have arrived together. */
async function three(wait: () => Promise<void>): Promise<string[]> {
  const steps: string[] = []
  const come = (name: string): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(async () => {
        steps.push(`${name} comes`)
        await wait()
        steps.push(`${name} signs`)
        await undefined
        steps.push(`${name} answers`)
        resolve()
      })
    })
  await Promise.all(['a', 'b', 'c'].map(come))
  return steps
}

const all = (step: string): string[] => ['a', 'b', 'c'].map((name) => `${name} ${step}`)

test('who comes in one turn of the event loop goes on together, in order, one step after the other', async () => {
  await expect(three(inStep)).resolves.toEqual([...all('comes'), ...all('signs'), ...all('answers')])
})

test('without it each would be done with before the next is looked at', async () => {
  const one = (name: string) => ['comes', 'signs', 'answers'].map((step) => `${name} ${step}`)
  await expect(three(async () => undefined)).resolves.toEqual(['a', 'b', 'c'].flatMap(one))
})
