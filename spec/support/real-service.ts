import { connect } from '../../src/db/connect.js'
import { createMigratedDatabase, realPostgres } from './database.js'
import { type Service, startService } from './service.js'

/** A whole service on a database of its own on a real PostgreSQL, whatever engine the run uses: only there do requests
 *  run at once. `stop` removes everything. */
export async function startRealService(
  poolSize = 10,
  options: { readonly clock?: () => Date } = {},
): Promise<Service & { readonly databaseUrl: string }> {
  const server = await realPostgres()
  const database = await createMigratedDatabase(server.url())
  const db = await connect({ dataDir: '', poolSize, databaseUrl: database.url, log: () => undefined })
  const service = await startService({ db, ...options })
  return {
    ...service,
    databaseUrl: database.url,
    async stop() {
      await service.stop()
      await db.close()
      await database.drop()
      await server.stop()
    },
  }
}

/** One more instance on the database of a real service, with connections of its own. Stop it before the other. */
export async function startBeside({ databaseUrl }: { databaseUrl: string }, poolSize = 10): Promise<Service> {
  const db = await connect({ dataDir: '', poolSize, databaseUrl, log: () => undefined })
  const service = await startService({ db })
  return {
    ...service,
    async stop() {
      await service.stop()
      await db.close()
    },
  }
}

/** A service on a database that no other spec uses while this one runs: each worker of an embedded run has its own engine,
 *  but all of them share the one PostgreSQL. For specs that break a table for a moment. */
export const startOwnService = (options: { readonly clock?: () => Date } = {}): Promise<Service> =>
  process.env.GATEHOUSE_SPEC_URL === undefined ? startService(options) : startRealService(10, options)
