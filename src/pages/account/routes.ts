import { Router } from 'express'
import type { Config } from '../../config.js'
import type { Database } from '../../db/connect.js'
import { notAllowed } from '../../http/canonical.js'
import { appRoutes } from './apps.js'
import { credentialRoutes } from './credential.js'
import { deviceRoutes } from './devices.js'
import { PAGES } from './frame.js'
import { overviewRoutes } from './overview.js'
import type { AccountParts } from './parts.js'
import { passwordRoutes } from './password.js'
import { profileRoutes } from './profile.js'
import { twoFactorRoutes } from './two-factor.js'

interface Given extends Omit<AccountParts, 'knex' | 'bcryptCost' | 'issuer'> {
  readonly db: Pick<Database, 'knex'>
  readonly config: Pick<Config, 'bcryptCost' | 'issuer'>
}

/** The pages under /account: what a person sees and changes of their own. */
export function createAccountPages({ db, config, ...given }: Given): Router {
  const { bcryptCost, issuer } = config
  const parts: AccountParts = { ...given, knex: db.knex, bcryptCost, issuer }
  const router = Router({ caseSensitive: true, strict: true })
  overviewRoutes(router, parts)
  profileRoutes(router, parts)
  passwordRoutes(router, parts)
  twoFactorRoutes(router, parts)
  deviceRoutes(router, parts)
  appRoutes(router, parts)
  credentialRoutes(router, parts)
  router.all(
    PAGES.map(({ href }) => href),
    notAllowed('GET, HEAD, POST'),
  )
  return router
}
