import type { Statement } from './begins.js'
import type { Client } from './queries.js'

/** What was asked for by a builder of knex. */
export interface Builder {
  toSQL(): Compiled | Compiled[]
}

interface Compiled extends Statement {
  /** Milliseconds. */
  readonly timeout?: number | false
}

/** Runs what a builder has built. */
export interface Runner {
  run(): Promise<unknown>
}

type RunningClient = Pick<Client, 'acquireConnection' | 'releaseConnection' | 'query'> & {
  processResponse(statement: Statement, runner: Runner): unknown
}

/** Runs one statement as knex' own runner does, without the events and copies that nobody here listens to, which are a tenth
 *  of a list's time. `own` makes knex' runner, for what is more than one statement or has a time of its own. */
export function createRunner(client: RunningClient, builder: Builder, own: () => Runner): Runner {
  const runner: Runner = {
    async run() {
      const statement = builder.toSQL()
      if (Array.isArray(statement) || statement.timeout) return own().run()
      const connection = await client.acquireConnection()
      try {
        return client.processResponse(await client.query(connection, statement), runner)
      } finally {
        await client.releaseConnection(connection)
      }
    },
  }
  return runner
}
