import { expect, test } from '@jest/globals'
import { readRates } from '../../src/config/limits.js'
import { AppError } from '../../src/errors.js'
import { createLimits } from '../../src/limits/limits.js'
import { limitClients } from '../../src/oauth/client-limits.js'
import type { Client, Clients } from '../../src/oauth/clients.js'

const log = { warn: () => undefined, info: () => undefined }
const credentials = { clientId: 'a shop', clientSecret: 'right' } as never

/** A client whose authentication ends as told, one try a word. */
function clientThat(...outcomes: ('fails' | 'is wrong' | 'is right')[]): Clients {
  const authenticate = async (): Promise<Client> => {
    const outcome = outcomes.shift()
    if (outcome === 'is right') return { clientId: 'a shop' } as Client
    throw new AppError(outcome === 'fails' ? 'unavailable' : 'invalid_client')
  }
  return { authenticate } as unknown as Clients
}

test('6749-11 a fault of ours is no wrong secret: after it the right one is taken', async () => {
  const { rates } = readRates({ RATE_LIMIT_CLIENT_SECRET: '2/60' })
  const limits = createLimits({
    on: true,
    rates,
    db: { engine: 'embedded', knex: undefined as never },
    hash: String,
    log,
  })
  const all = clientThat('fails', 'fails', 'fails', 'is right', 'is wrong', 'is wrong', 'is right')
  const { authenticate } = limitClients(all, { limits, network: '192.0.2.1' }, 'token')
  const kinds: string[] = []
  for (let turn = 0; turn < 7; turn += 1) {
    kinds.push(
      await authenticate(credentials, new Date()).then(
        () => 'in',
        (error: AppError) => error.kind,
      ),
    )
  }
  const wrong = ['invalid_client', 'invalid_client']
  expect(kinds).toEqual(['unavailable', 'unavailable', 'unavailable', 'in', ...wrong, 'too_many'])
})
