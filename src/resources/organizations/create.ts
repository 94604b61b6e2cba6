import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { newClientId } from '../../ids.js'
import type { Outcome } from '../../jsonapi/define.js'
import { addBasePermissions } from '../roles/create.js'
import { claimSlug } from './slug.js'

interface Input {
  name: string
  invitation_expires_in?: number
}

/** Life of a token of the built-in applications, in seconds (CONTRACT 4). */
const EXPIRES_IN = 7200

/** The roles that every organization starts with (DECISIONS 3); answers the admin role's id. */
async function createRoles(ctx: Context, organizationId: string): Promise<string> {
  const kinds = [
    ['Admin', 'admin'],
    ['Member', 'custom'],
    ['Read-only', 'read_only'],
  ]
  const rows = kinds.map(([name, kind]) => ({ organization_id: organizationId, name, kind }))
  const [admin, member] = (await ctx.scope.insertAll('roles', rows)) as [Row, Row]
  await addBasePermissions(ctx, member, new Set())
  return admin.id
}

async function seatOwner(ctx: Context, organizationId: string, roleId: string): Promise<void> {
  const user = await ctx.scope.one('user', String(ctx.principal.userId))
  await ctx.scope.insert('memberships', {
    organization_id: organizationId,
    role_id: roleId,
    user_id: user.id,
    user_email: user.email,
    status: 'active',
    owner: true,
    access_scope: 'all_access',
    invitation_status: 'accepted',
    accepted_at: ctx.now.toISOString(),
  })
}

/** The contract's two built-in applications (CONTRACT 3.1). They have no secret and no grant, so nobody can use them. */
async function createBuiltInApplications(ctx: Context, organizationId: string, roleId: string): Promise<void> {
  const rows = ['test', 'live'].map((mode) => ({
    organization_id: organizationId,
    role_id: roleId,
    name: `Resources (${mode})`,
    kind: 'resources',
    client_id: newClientId(),
    confidential: true,
    expires_in: EXPIRES_IN,
    mode,
    created_by: { type: 'users', id: ctx.principal.userId },
  }))
  await ctx.scope.insertAll('api_credentials', rows)
}

/** Founds an organization: the caller becomes its owner, with the built-in roles and applications. */
export async function createOrganization(ctx: Context, input: Input): Promise<Outcome> {
  const { context, organization } = await ctx.found((id) => foundingRow(ctx, id, input))
  const adminRole = await createRoles(context, organization.id)
  await seatOwner(context, organization.id, adminRole)
  await createBuiltInApplications(context, organization.id, adminRole)
  return { id: organization.id, context }
}

async function foundingRow(ctx: Context, id: string, input: Input): Promise<Record<string, unknown>> {
  const slug = await claimSlug(ctx, input.name, (label) => ctx.platform.claimSlug(label, id))
  return { invitation_expires_in: ctx.settings.invitationSeconds, ...input, slug }
}
