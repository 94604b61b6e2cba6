import type { Database } from '../db/connect.js'
import { poolOf } from '../db/pool.js'
import { oldestExpired } from '../jobs/sweep.js'
import type { Source } from '../metrics/metrics.js'
import { outboxState } from '../outbox/queue.js'
import type { KeyRing } from '../tokens/keys.js'
import type { Revocations } from '../tokens/revocations.js'

interface Watched {
  readonly db: Pick<Database, 'knex'>
  readonly keys: Pick<KeyRing, 'signingKey'>
  readonly revocations: Pick<Revocations, 'ageSeconds'>
  readonly clock: () => Date
}

function poolGauges({ db }: Watched): Source[] {
  const state = (name: string, value: number) => ({ labels: { state: name }, value })
  return [
    {
      name: 'gatehouse_db_pool_connections',
      help: 'Connections of the pool that serve requests.',
      labels: ['state'],
      read: () => {
        const { used, free, most } = poolOf(db.knex)
        return [state('used', used), state('free', free), state('most', most)]
      },
    },
    {
      name: 'gatehouse_db_pool_waiting',
      help: 'Requests that wait for a connection.',
      read: () => [{ value: poolOf(db.knex).waiting }],
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
