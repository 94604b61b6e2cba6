import { AppError } from '../errors.js'
import type { Limits } from '../limits/limits.js'
import type { Client, Clients } from './clients.js'

/** What limits clients: the limits, and as whom the address is limited that the request comes from. */
export interface ClientLimits {
  readonly limits: Pick<Limits, 'take' | 'check' | 'giveBack'>
  readonly network: string
  /** Told of a client that has proved itself. */
  readonly note?: (client: Client) => void
}

/** Authenticates clients within limits: so many requests of a client that has proved itself, so many that only name it, at
 *  each endpoint, and so many wrong secrets of a client from an address. Right secrets do not count for the last, and what
 *  others try in its name keeps no client out that proves itself. Throws `too_many` besides what `clients` throws.
 *  Source: RFC 6749 §2.3.1 (6749-11), §10.10 */
export function limitClients(clients: Clients, { limits, network, note }: ClientLimits, endpoint: string): Clients {
  const noted = (client: Client): Client => {
    note?.(client)
    return client
  }
  return {
    find: clients.find,
    authenticate: async (credentials, now) => {
      const { clientId, clientSecret, assertion } = credentials
      if (clientSecret === undefined && assertion === undefined) {
        await limits.take('token_client', [clientId, endpoint])
        return noted(await clients.authenticate(credentials, now))
      }
      // Counted when it has failed, not before: a back end may send many right ones at once, and nobody guesses 256 bits.
      await limits.check('client_secret', [clientId, network])
      const client = await clients.authenticate(credentials, now).catch(async (error: unknown) => {
        if (error instanceof AppError && error.kind === 'invalid_client')
          await limits.take('client_secret', [clientId, network])
        throw error
      })
      // After the proof: before it anybody could use this up who has read the client's name.
      await limits.take('token_client', clientId)
      return noted(client)
    },
  }
}
