// node engine-process.mjs WHAT WHERE, started by engine.ts with an IPC channel. The run's own process cannot import the
// compiled modules of src/ on every Node 20, so this one does:
//   template DIR   makes an empty database directory and closes it again
//   serve DIR      opens the database in DIR, sends {host}, and closes it when told to or left alone
//   migrate URL    migrates the PostgreSQL database
import { connect } from '../../dist/db/connect.js'
import { startEmbedded } from '../../dist/db/embedded.js'
import { migrate } from '../../dist/db/migrate.js'

const [what, where] = process.argv.slice(2)
const options = { dataDir: where, poolSize: 2, log: (message) => console.error(message) }

async function migrated(db) {
  try {
    await migrate(db)
  } finally {
    await db.close()
  }
}

const tasks = {
  template: async () => (await startEmbedded({ ...options, fromTemplate: false })).close(),
  migrate: async () => migrated(await connect({ ...options, databaseUrl: where })),
  serve: async () => {
    const engine = await startEmbedded(options)
    const close = () => engine.close().finally(() => process.exit(0))
    process.on('message', close)
    process.on('disconnect', close)
    process.send({ host: engine.host })
  },
}

try {
  await tasks[what]()
  if (what !== 'serve') process.exit(0)
} catch (error) {
  console.error(error)
  process.exit(1)
}
