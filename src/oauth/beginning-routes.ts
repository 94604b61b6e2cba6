import { type Request, Router } from 'express'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { createDeviceCodes } from '../tokens/device-codes.js'
import { createPushedRequests } from '../tokens/pushed-requests.js'
import type { ClientLimits } from './client-limits.js'
import type { Clients } from './clients.js'
import { answerDeviceRequest, DEVICE_PARAMETERS } from './device.js'
import { forBrowsers, onlyMethod, readRequest, sendSecret } from './endpoint.js'
import { answerPushedRequest, PUSHED_PARAMETERS } from './pushed.js'
import type { Subjects } from './scopes.js'

interface BeginningParts {
  readonly config: Pick<Config, 'issuer' | 'apiUrl' | 'pagesUrl' | 'domain' | 'resources'>
  readonly db: Pick<Database, 'knex'>
  readonly secrets: Secrets
  readonly clock: () => Date
  readonly subjects?: Subjects
  readonly limitsOf?: (request: Request) => ClientLimits
}

/** The endpoints at which a client begins what a person then does with a browser: pushed requests and devices.
 *  Source: RFC 9126 §2; RFC 8628 §3.1 */
export function beginningRoutes(parts: BeginningParts, clientsOf: (request: Request) => Clients): Router {
  const { config, db, secrets, clock, subjects } = parts
  const pushedRequests = createPushedRequests(db.knex)
  const deviceCodes = createDeviceCodes(db.knex)
  const paths = ['/oauth/par', '/oauth/device_authorization']
  const router = Router({ caseSensitive: true, strict: true })
  router.all(paths, forBrowsers('POST'))
  router.post('/oauth/par', async (request, response) => {
    const read = await readRequest(request, { names: PUSHED_PARAMETERS, clock })
    const limits = parts.limitsOf?.(request)
    const shared = { clients: clientsOf(request), secrets, subjects, limits }
    sendSecret(response, await answerPushedRequest(read, { ...shared, pushedRequests, settings: config }), 201)
  })
  router.post('/oauth/device_authorization', async (request, response) => {
    const read = await readRequest(request, { names: DEVICE_PARAMETERS, clock })
    const shared = { clients: clientsOf(request), secrets, subjects }
    sendSecret(response, await answerDeviceRequest(read, { ...shared, deviceCodes, config }))
  })
  router.all(paths, onlyMethod('POST'))
  return router
}
