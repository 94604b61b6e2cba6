import { Resolver } from 'node:dns/promises'
import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'
import { inBatches, type Job } from './job.js'

const BATCH = 20
/** One question to one server; asked twice. */
const TIMEOUT_MS = 3000
const TRIES = 2
/** A claim on a provider; whoever dies over it leaves it to the next. */
const CLAIM_SECONDS = 120
const MINUTE = 60
const HOUR = 60 * MINUTE
/** How long a new list of domains is looked at every minute. */
const EAGER_SECONDS = HOUR

type Status = 'pending' | 'verified' | 'error'

interface Provider {
  organization_id: string
  id: string
  domains: string
  txt_record: string
  status: Status
  updated_at: string
}

type Looked = 'there' | 'absent' | 'no domain' | 'no answer'

/** Looks for the record in one domain. A name without TXT records is there all the same; one that is not there is not. */
async function look(resolver: Resolver, domain: string, record: string): Promise<Looked> {
  try {
    const texts = await resolver.resolveTxt(domain)
    return texts.some((chunks) => chunks.join('') === record) ? 'there' : 'absent'
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENODATA') return 'absent'
    return code === 'ENOTFOUND' || code === 'EBADNAME' ? 'no domain' : 'no answer'
  }
}

/** What the answers of all domains say. A proof is not taken back because a name server was silent once. */
function judge(was: Status, looked: readonly Looked[]): Status {
  if (looked.every((one) => one === 'there')) return 'verified'
  if (looked.includes('no domain')) return 'error'
  if (looked.includes('absent')) return was === 'verified' ? 'error' : 'pending'
  return was === 'verified' ? 'verified' : 'error'
}

/** When to look again, in seconds: soon at what may become true any minute, daily at what is. */
function pauseSeconds(status: Status, ageSeconds: number): number {
  if (status === 'verified') return 24 * HOUR
  return ageSeconds < EAGER_SECONDS ? MINUTE : HOUR
}

/** Takes the providers whose turn it is; nobody else takes them while their name servers are asked. */
async function claim(knex: Knex, now: Date): Promise<Provider[]> {
  const until = new Date(now.getTime() + CLAIM_SECONDS * 1000)
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: Provider[] }>(
      `update identity_providers i set next_check_at = :until
        from (select organization_id, id from identity_providers where next_check_at <= :now and disabled_at is null
          order by next_check_at limit :limit for update skip locked) due
        where i.organization_id = due.organization_id and i.id = due.id
        returning i.organization_id, i.id, i.domains, i.txt_record, i.status, i.updated_at`,
      { now, until, limit: BATCH },
    )
    return rows
  })
}

/** Writes what was found, unless the domains have changed meanwhile: then they are another question. */
async function settle(knex: Knex, provider: Provider, { status, now }: { status: Status; now: Date }): Promise<void> {
  const { organization_id, id, txt_record } = provider
  const age = (now.getTime() - new Date(provider.updated_at).getTime()) / 1000
  const next = new Date(now.getTime() + pauseSeconds(status, age) * 1000)
  const changed = status !== provider.status
  await asAuth(knex, async (trx) => {
    const done = await trx('identity_providers')
      .where({ organization_id, id, txt_record })
      .update({ status, checked_at: now, next_check_at: next, ...(changed ? { updated_at: now } : {}) })
    if (done === 0 || !changed) return
    const resource = { organization_id, resource_type: 'identity_providers', resource_id: id, event: 'update' }
    const changes = JSON.stringify({ status: [provider.status, status] })
    await trx('versions').insert({
      id: newId(),
      ...resource,
      changes,
      who: null,
      request_id: null,
      created_at: now,
    })
  })
}

/** Looks whether the domains of identity providers carry their TXT record. `verified` when all do; `error` when one does
 *  not exist, has lost its record, or no name server answers; else `pending`. No transaction is open while name servers
 *  are asked. Source: CONTRACT 3.8 */
export const verifyDomains: Job = {
  name: 'verify-domains',
  everySeconds: 15,
  async run({ knex, now, signal, dnsServers }) {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
    if (dnsServers.length > 0) resolver.setServers(dnsServers)
    await inBatches(signal, BATCH, async () => {
      const due = await claim(knex, now)
      await Promise.all(
        due.map(async (provider) => {
          const domains = provider.domains.split(',')
          const looked = await Promise.all(domains.map((domain) => look(resolver, domain, provider.txt_record)))
          await settle(knex, provider, { status: judge(provider.status, looked), now })
        }),
      )
      return due.length
    })
  },
}
