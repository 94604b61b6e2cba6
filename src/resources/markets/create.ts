import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { serveBy } from './stock-locations.js'

interface Input {
  organization: string
  merchant?: string | null
  stock_locations?: string[]
}

/** Creates a market with the stock locations that serve it. */
export async function createMarket(ctx: Context, input: Input): Promise<Outcome> {
  const { organization, merchant = null, stock_locations: wanted = [], ...attributes } = input
  const row = { ...attributes, organization_id: organization, merchant_id: merchant }
  const market = await ctx.scope.insert('markets', row)
  await serveBy(ctx, market, { wanted, by: ['create', 'markets'] })
  return { id: market.id }
}
