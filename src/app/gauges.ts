import type { Database } from '../db/connect.js'
import { poolOf } from '../db/pool.js'
import { oldestExpired } from '../jobs/sweep.js'
import type { Source } from '../metrics/metrics.js'
import { outboxState } from '../outbox/queue.js'
import type { KeyRing } from '../tokens/keys.js'
import type { Revocations } from '../tokens/revocations.js'

interface Watched {
  readonly db: Pick<Database, 'knex' | 'auth'>
  readonly keys: Pick<KeyRing, 'signingKey'>
  readonly revocations: Pick<Revocations, 'ageSeconds'>
  readonly clock: () => Date
}

function poolGauges({ db }: Watched): Source[] {
  const pools = db.auth === db.knex ? { requests: db.knex } : { requests: db.knex, tokens: db.auth }
  const states = () => Object.entries(pools).map(([pool, knex]) => ({ pool, ...poolOf(knex) }))
  return [
    {
      name: 'gatehouse_db_pool_connections',
      help: 'Connections of a pool: that of requests, or that of the look-ups and rotations of tokens.',
      labels: ['pool', 'state'],
      read: () =>
        states().flatMap(({ pool, waiting: _, ...counts }) =>
          Object.entries(counts).map(([state, value]) => ({ labels: { pool, state }, value })),
        ),
    },
    {
      name: 'gatehouse_db_pool_waiting',
      help: 'Requests that wait for a connection of a pool.',
      labels: ['pool'],
      read: () => states().map(({ pool, waiting: value }) => ({ labels: { pool }, value })),
    },
  ]
}

function ageGauges({ keys, revocations, clock }: Watched): Source[] {
  return [
    {
      name: 'gatehouse_signing_key_age_seconds',
      help: 'Time since the signing key in use became active.',
      read: () => [{ value: (clock().getTime() - keys.signingKey(clock()).activeFrom) / 1000 }],
    },
    {
      name: 'gatehouse_revocations_age_seconds',
      help: 'Age of what this instance knows of revocations; above 5 no token is believed.',
      read: () => [{ value: revocations.ageSeconds() }],
    },
  ]
}

function rowGauges({ db, clock }: Watched): Source[] {
  return [
    {
      name: 'gatehouse_outbox_messages',
      help: 'Mails in the outbox: waiting to be sent, or given up.',
      labels: ['state'],
      read: async () => {
        const { waiting, dead } = await outboxState(db.knex, clock())
        return [
          { labels: { state: 'waiting' }, value: waiting },
          { labels: { state: 'dead' }, value: dead },
        ]
      },
    },
    {
      name: 'gatehouse_outbox_oldest_seconds',
      help: 'Age of the oldest mail that waits to be sent.',
      read: async () => [{ value: (await outboxState(db.knex, clock())).oldestSeconds }],
    },
    {
      name: 'gatehouse_expired_rows_oldest_seconds',
      help: 'How long the oldest row has been due to be swept; the sweep runs every five minutes.',
      labels: ['table'],
      read: async () =>
        (await oldestExpired(db.knex, clock())).map(({ table, seconds }) => ({ labels: { table }, value: seconds })),
    },
  ]
}

/** What is read when somebody scrapes. */
export const gaugesOf = (watched: Watched): Source[] => [
  ...poolGauges(watched),
  ...ageGauges(watched),
  ...rowGauges(watched),
]
