import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { serveBy } from './stock-locations.js'

interface Input {
  id: string
  changes: { merchant?: string | null; stock_locations?: string[] }
}

/** Changes a market. Stock locations that are sent replace those that served it. */
export async function updateMarket(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { merchant, stock_locations: wanted, ...attributes } = changes
  // Two changes of its stock locations at once take turns at the market.
  const market = await ctx.scope.lock('markets', id, 'update')
  await ctx.scope.update('markets', id, {
    ...attributes,
    ...(merchant === undefined ? {} : { merchant_id: merchant }),
  })
  if (wanted === undefined) return { id }
  const difference = await serveBy(ctx, market, { wanted, by: ['update', 'markets'] })
  if (difference !== undefined) await ctx.scope.touch('markets', id, { stock_locations: difference })
  return { id }
}
