import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aBrowser } from '../support/browser.js'
import { aSignedUp, signIn, whoIsIn } from '../support/entrance.js'
import { type Service, startService } from '../support/service.js'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

test('S10 an account that was made under a decomposed address is one account, and its person signs in', async () => {
  const [decomposed, composed] = ['jose\u0301@example.com', 'jos\u00e9@example.com']
  const person = await aSignedUp(service, decomposed)
  const browser = aBrowser(service)
  await signIn(browser, { email: decomposed })
  expect(await whoIsIn(service, browser)).toBe(person.userId)
  await expect(aSignedUp(service, composed)).rejects.toThrow()
})
