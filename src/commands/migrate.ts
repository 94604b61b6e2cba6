import { migrate } from '../db/migrate.js'
import { onDatabase, print, type Surroundings } from './environment.js'

/** `gatehouse migrate`: brings the schema up to date; prints what was applied. */
export async function migrateDatabase(around: Surroundings, options: { json?: boolean }): Promise<void> {
  const applied = await onDatabase(around, async ({ db }) => (await migrate(db)).applied)
  const list = applied.map((name) => `\n  ${name}`).join('')
  const text = applied.length === 0 ? 'The schema is up to date.' : `Applied:${list}`
  print(around.out, options, { data: { applied }, text })
}
