import { jest } from '@jest/globals'
import type { Service } from './service.js'

/** Runs `work` between what an exchange has looked at and what it writes. */
export function beforeSigning(service: Pick<Service, 'parts'>, work: () => Promise<unknown>) {
  const { keys } = service.parts
  const signingKey = keys.signingKey
  return jest.spyOn(keys, 'signingKey').mockImplementationOnce((now) => {
    const key = signingKey(now)
    return {
      ...key,
      sign: async (input) => {
        await work()
        return key.sign(input)
      },
    }
  })
}
