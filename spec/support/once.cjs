const { existsSync } = require('node:fs')
const { join } = require('node:path')

// Specs that never ask for the run's engine: they start embedded engines of their own, or work on databases of their own on a
// real PostgreSQL whatever SPEC_ENGINE says, or use no database. A whole run on PostgreSQL would do the same thing again, so
// they are in the embedded run only. A file that uses specDatabase, freshDatabase, startService without a `db`, or anything
// made of them does not belong here. Named on the command line each runs on any engine.
const ONCE = [
  // No database.
  'access/narrowing',
  'access/targets',
  'crypto/master-key',
  'crypto/passwords',
  'crypto/secrets',
  'floors',
  'http/body',
  'http/deadline',
  'http/negotiate',
  'http/plane',
  'http/slow',
  'limits/counts',
  'oauth/authorize-meaning',
  'oauth/parameters',
  'oauth/scopes',
  'outbox/texts',
  'pages/branding',
  'pages/style',
  'provisioning-table',
  // Embedded engines of their own.
  'db/data-dir-lock',
  'db/embedded-crash',
  'db/embedded-wire',
  'start/commands',
  'start/output',
  'start/start',
  // Databases of their own on a real PostgreSQL.
  'access/row-counts',
  'access/turns',
  'db/bad-line',
  'db/full-pool',
  'db/listen',
  'db/plain-owner',
  'limits/limits',
  'oauth/grants/races',
  'oauth/revoke-refresh',
  'outbox/kill',
  'pages/account/apps-race',
  'resources/fifty',
  'start/instances',
]

/** Jest's filter: leaves the files above out of a whole run on PostgreSQL. Throws when one of them is not there. */
module.exports = (paths) => {
  const files = ONCE.map((name) => join(__dirname, '..', `${name}.spec.ts`))
  const lost = files.filter((file) => !existsSync(file))
  if (lost.length > 0) throw new Error(`spec/support/once.cjs names what is not there: ${lost.join(', ')}`)
  const isWhole = files.every((file) => paths.includes(file))
  const again = process.env.SPEC_ENGINE === 'postgresql' && isWhole
  return { filtered: paths.filter((path) => !again || !files.includes(path)) }
}
