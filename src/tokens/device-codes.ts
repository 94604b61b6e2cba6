import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import type { Method } from './sessions.js'

/** Who let a device in, and how they had signed in. */
export interface Approval {
  /** Undefined: all of the user's (the built-in client only). */
  readonly organizationId: string | undefined
  readonly userId: string
  readonly sessionId: string
  readonly authenticatedAt: Date
  readonly amr: readonly Method[]
}

/** A device that waits for a person. */
export interface WaitingDevice {
  readonly hash: string
  readonly clientId: string
  readonly scope: string
  /** Another resource server that the tokens are for (RFC 8707). */
  readonly resource: string | undefined
}

/** How a device's question was answered. `too_fast`: the interval has grown by five seconds. */
export type Poll =
  | { readonly status: 'unknown' | 'too_fast' | 'expired' | 'pending' | 'denied' | 'used' }
  | {
      readonly status: 'approved'
      readonly scope: string
      readonly resource: string | undefined
      readonly createdAt: Date
      readonly approval: Approval
    }

/** Device codes, by keyed hashes; a device's code and its person's code are two. */
export interface DeviceCodes {
  /** Errors: a unique violation when the person's code is taken, so that it is made anew. */
  save(code: {
    hash: string
    userCodeHash: string
    clientId: string
    scope: string
    resource: string | undefined
    intervalSeconds: number
    now: Date
    expiresAt: Date
  }): Promise<void>
  /** The device behind a person's code, while it waits. */
  waiting(userCodeHash: string, now: Date): Promise<WaitingDevice | undefined>
  /** Answers for the person, once.  @returns whether the device was still waiting */
  decide(hash: string, decision: { approval: Approval | undefined; now: Date }): Promise<boolean>
  /** Answers a device that asks. */
  poll(device: { hash: string; clientId: string; now: Date }): Promise<Poll>
  /** Uses an approved code up, in the transaction that gives the tokens for it.  @returns false when it was used before */
  use(trx: Transaction, hash: string): Promise<boolean>
}

const GROWTH_SECONDS = 5

interface Row {
  client_id: string
  scope: string
  resource: string | null
  status: 'pending' | 'approved' | 'denied' | 'used'
  organization_id_chosen: string | null
  user_id: string
  session_id: string
  authenticated_at: string
  amr: Method[]
  interval_seconds: number
  polled_at: string | null
  created_at: string
  expires_at: string
}

type WaitingRow = Omit<WaitingDevice, 'resource'> & Pick<Row, 'resource'>

const approvalOf = (row: Row): Approval => ({
  organizationId: row.organization_id_chosen ?? undefined,
  userId: row.user_id,
  sessionId: row.session_id,
  authenticatedAt: new Date(row.authenticated_at),
  amr: row.amr,
})

const approvedColumns = ({ organizationId, userId, sessionId, authenticatedAt, amr }: Approval) => ({
  status: 'approved',
  organization_id_chosen: organizationId ?? null,
  user_id: userId,
  session_id: sessionId,
  authenticated_at: authenticatedAt,
  amr: JSON.stringify(amr),
})

/** Answers one question of a device, with its row locked: two questions at once are two, and one of them too fast. */
async function answer(trx: Transaction, hash: string, { clientId, now }: { clientId: string; now: Date }) {
  const row = await trx('device_codes').where({ hash, client_id: clientId }).forUpdate().first<Row | undefined>()
  if (row === undefined) return { status: 'unknown' } as const
  if (Date.parse(row.expires_at) <= now.getTime()) return { status: 'expired' } as const
  const earliest = row.polled_at === null ? 0 : Date.parse(row.polled_at) + row.interval_seconds * 1000
  const fast = now.getTime() < earliest
  await trx('device_codes')
    .where({ hash })
    .update({
      polled_at: now,
      ...(fast ? { interval_seconds: row.interval_seconds + GROWTH_SECONDS } : {}),
    })
  if (fast) return { status: 'too_fast' } as const
  if (row.status !== 'approved') return { status: row.status }
  return {
    status: 'approved',
    scope: row.scope,
    resource: row.resource ?? undefined,
    createdAt: new Date(row.created_at),
    approval: approvalOf(row),
  } as const
}

/** Makes the store of device codes. Source: RFC 8628 §3.5 */
export function createDeviceCodes(knex: Knex): DeviceCodes {
  return {
    save: ({ hash, userCodeHash, clientId, scope, resource, intervalSeconds, now, expiresAt }) =>
      asAuth(knex, async (trx) => {
        const row = {
          hash,
          user_code_hash: userCodeHash,
          client_id: clientId,
          scope,
          resource: resource ?? null,
          interval_seconds: intervalSeconds,
        }
        await trx('device_codes').insert({ ...row, created_at: now, expires_at: expiresAt })
      }),
    waiting: (userCodeHash, now) =>
      asAuth(knex, async (trx) => {
        const row = await trx('device_codes')
          .where({ user_code_hash: userCodeHash, status: 'pending' })
          .where('expires_at', '>', now)
          .first<WaitingRow | undefined>('hash', 'client_id as clientId', 'scope', 'resource')
        return row && { ...row, resource: row.resource ?? undefined }
      }),
    decide: (hash, { approval, now }) =>
      asAuth(knex, async (trx) => {
        const decided = await trx('device_codes')
          .where({ hash, status: 'pending' })
          .where('expires_at', '>', now)
          .update(approval === undefined ? { status: 'denied' } : approvedColumns(approval))
        return decided === 1
      }),
    poll: ({ hash, ...device }) => asAuth(knex, (trx) => answer(trx, hash, device)),
    use: async (trx, hash) => {
      const used = await trx('device_codes').where({ hash, status: 'approved' }).update({ status: 'used' })
      return used === 1
    },
  }
}
