const Sequencer = require('@jest/test-sequencer').default

// The files that take longest, longest first. A worker that began one of them last would leave the other idle, and without a
// cache jest knows nothing but the size of a file.
const LONG = [
  'fuzz',
  'access/tenancy',
  'start/commands',
  'outbox/kill',
  'db/embedded-crash',
  'http/slow',
  'db/bad-line',
  'limits/limits',
  'start/output',
  'start/start',
  'resources/invitations',
  'db/migrate',
  'tokens/keys',
  'tokens/rotation-under-load',
  'start/login',
  'resources/rotation',
  'resources/application-memberships',
  'secrets',
  'db/full-pool',
  'outbox/mail',
  'resources/fifty',
]

const placeOf = ({ path }) => {
  const place = LONG.findIndex((name) => path.endsWith(`/spec/${name}.spec.ts`))
  return place === -1 ? LONG.length : place
}

/** Jest's order of the files, with the long ones before all others. */
module.exports = class extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => placeOf(one) - placeOf(other))
  }
}
