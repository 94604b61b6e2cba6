import { randomBytes } from 'node:crypto'
import type { Context } from '../access/context.js'
import { createCustomer } from '../resources/customers/create.js'
import { createMarket } from '../resources/markets/create.js'

const MARKET = 'usa'
const STORE = 'new-york'

/** What demo-credentials.json says of the demo's shop. Source: DECISIONS 7. */
export interface DemoShop {
  readonly customer: { id: string; email: string; password: string }
  readonly market_scope: string
  readonly store_scope: string
}

/** Puts a market with its merchant, stock location and store, and a shopper, into a new organization. */
export async function fillShop(ctx: Context, organization: string): Promise<DemoShop> {
  const here = { organization_id: organization }
  const merchant = await ctx.scope.insert('merchants', { ...here, name: 'Demo Inc.', code: 'demo' })
  const stock = await ctx.scope.insert('stock_locations', { ...here, name: 'New Jersey', code: 'new-jersey' })
  const attributes = { name: 'United States', code: MARKET, allows_external_prices: false }
  const market = await createMarket(ctx, {
    ...attributes,
    organization,
    merchant: merchant.id,
    stock_locations: [stock.id],
  } as Parameters<typeof createMarket>[1])
  const links = { market_id: market.id, merchant_id: merchant.id, stock_location_id: stock.id }
  await ctx.scope.insert('stores', { ...here, ...links, name: 'New York', code: STORE })
  const shopper = { email: 'shopper@demo.gatehouse.test', password: randomBytes(12).toString('base64url') }
  const { id } = await createCustomer(ctx, { ...shopper, organization })
  return {
    customer: { id, ...shopper },
    market_scope: `market:code:${MARKET}`,
    store_scope: `market:code:${MARKET} store:code:${STORE}`,
  }
}
