import { migrate, rollback } from '../db/migrate.js'
import { mustExist, onDatabase, print, type Surroundings } from './environment.js'

interface MigrateOptions {
  readonly json?: boolean
  /** How many migrations to take back, as typed. */
  readonly rollback?: string
}

const listed = (names: readonly string[]): string => names.map((name) => `\n  ${name}`).join('')

/** `gatehouse migrate`: brings the schema up to date, or with `--rollback N` takes the last N migrations back, newest
 *  first; prints which. Throws an Error for the operator when N is not a number. */
export async function migrateDatabase(around: Surroundings, options: MigrateOptions): Promise<void> {
  if (options.rollback !== undefined) {
    const steps = Number(options.rollback)
    if (!Number.isInteger(steps) || steps < 1) throw new Error('--rollback needs a number of migrations, 1 or more.')
    mustExist(around)
    const { rolledBack } = await onDatabase(around, ({ db }) => rollback(db, steps))
    const text = rolledBack.length === 0 ? 'There is nothing to take back.' : `Taken back:${listed(rolledBack)}`
    print(around.out, options, { data: { rolled_back: rolledBack }, text })
    return
  }
  const applied = await onDatabase(around, async ({ db }) => (await migrate(db)).applied)
  const text = applied.length === 0 ? 'The schema is up to date.' : `Applied:${listed(applied)}`
  print(around.out, options, { data: { applied }, text })
}
