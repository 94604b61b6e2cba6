import { type Request, type RequestHandler, Router } from 'express'
import type { Config } from '../config.js'
import type { Database } from '../db/connect.js'
import { networkFor, stateOf } from '../http/request.js'
import type { ClientLimits } from '../oauth/client-limits.js'
import { type Clients, createClients } from '../oauth/clients.js'
import { createOwners, type Owners } from '../oauth/owners.js'
import { createAccountPages } from '../pages/account/routes.js'
import { createAuthorize } from '../pages/authorize.js'
import { createCookies } from '../pages/cookies.js'
import { createDevice } from '../pages/device.js'
import { createEndSession } from '../pages/end-session.js'
import { createEntrance } from '../pages/entrance.js'
import { createVisits, type Visits } from '../pages/visit.js'
import type { Parts, PartsOptions } from './parts.js'

/** What every page that people sign in to is built from. */
export interface PeopleParts extends Parts {
  readonly config: Config
  readonly db: Database
  readonly visits: Visits
  /** Checks the passwords of people, each for the same time. */
  readonly owners: Owners
  /** Finds the clients that browsers name. */
  readonly clients: Clients
  /** What limits a request, and as whom: networks, not people. */
  readonly limitsOf: (req: Request) => ClientLimits
}

/** Makes what the pages for people share. */
export function createPeopleParts(parts: Parts, { config, db }: PartsOptions): PeopleParts {
  const { secrets, sessions, clock, revocations, limits } = parts
  const cookies = createCookies(config.pagesUrl)
  const addressOf = (req: Request): string | undefined => stateOf(req).address
  return {
    ...parts,
    config,
    db,
    visits: createVisits({ config, sessions, secrets, cookies, clock, addressOf }),
    owners: createOwners({ knex: db.knex, bcryptCost: config.bcryptCost }),
    clients: createClients({ db, secrets, revocations, ...config }),
    limitsOf: (req) => ({ limits, network: networkFor(req) }),
  }
}

/** Every route for people. A group of pages is one line here. */
const ROUTES: readonly ((parts: PeopleParts) => RequestHandler)[] = [
  createEntrance,
  createAccountPages,
  createEndSession,
  createAuthorize,
  createDevice,
]

/** Builds the pages on which people sign in, agree, and look after their accounts. */
export function createPeople(parts: Parts, options: PartsOptions): Router {
  const shared = createPeopleParts(parts, options)
  const router = Router({ caseSensitive: true, strict: true })
  for (const route of ROUTES) router.use(route(shared))
  return router
}
