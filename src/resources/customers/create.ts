import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { passwordColumns } from './password.js'

interface Input {
  email: string
  organization: string
  password?: string | null
}

/** Creates a shopper. One an address and organization, else 409. */
export async function createCustomer(ctx: Context, input: Input): Promise<Outcome> {
  const { organization, password, ...attributes } = input
  const row = { ...attributes, ...(await passwordColumns(ctx, input)), organization_id: organization }
  const { id } = await ctx.scope.insert('customers', row)
  return { id }
}
