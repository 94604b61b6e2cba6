import type { Message } from '../../src/outbox/messages.js'
import { openMessage, type Waiting } from '../../src/outbox/queue.js'
import { acceptInvitation } from '../../src/resources/memberships/accept.js'
import { type Owner, type Reply, resource } from './api.js'
import type { Service } from './service.js'

type Place = Pick<Service, 'db' | 'parts'>

/** What waits in the outbox for an organization, oldest first, opened. */
export async function messagesOf(service: Place, organizationId: string): Promise<Message[]> {
  const rows: Waiting[] = await service.db
    .knex('outbox')
    .where({ organization_id: organizationId })
    .orderBy(['created_at', 'attempts'])
  return rows.flatMap((row) => openMessage(service.parts.secrets, row) ?? [])
}

/** The newest token that was sent to an address of an organization. */
export async function tokenFor(service: Place, organizationId: string, email: string): Promise<string> {
  const messages = (await messagesOf(service, organizationId)).flatMap((one) =>
    one.kind === 'invitation' && one.email === email ? [one] : [],
  )
  const newest = messages.toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt)).at(-1)
  if (newest === undefined) throw new Error(`nothing was sent to ${email}`)
  return newest.token
}

/** Invites an address to an owner's organization. */
export function invite(owner: Owner, email: string, roleId = owner.roles.Member ?? ''): Promise<Reply> {
  const links = {
    organization: ['organizations', owner.organizationId],
    role: ['roles', roleId],
  } as Record<string, [string, string]>
  return owner.post('/memberships', resource('memberships', { user_email: email }, links))
}

/** Accepts an invitation as a user, as the pages will do it. */
export function accept(service: Place, token: string, userId: string, now = new Date()) {
  const { db, parts } = service
  return acceptInvitation({ knex: db.knex, secrets: parts.secrets, token, userId, now })
}
