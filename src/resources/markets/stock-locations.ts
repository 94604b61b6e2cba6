import type { Context } from '../../access/context.js'
import type { Guarded, Row } from '../../access/guarded.js'
import type { By } from '../../access/scope.js'
import { AppError, atRelationship, violation } from '../../errors.js'

/** Which stock locations serve a market: pairs that operations reach through the door. */
export const marketStockLocations: Guarded = {
  subject: 'market_stock_locations',
  table: 'market_stock_locations',
  tenant: 'organization_id',
  columns: ['organization_id', 'id', 'market_id', 'stock_location_id', 'created_at'].map((name) => ({ name })),
  versionedAs: false,
  rightsOf: 'markets',
}

/** Stock locations of one market: a token names them all, and a token has an end (DECISIONS 4). */
const MOST = 10

function checkNumber(wanted: readonly string[]): void {
  if (wanted.length <= MOST) return
  const title = `is too long (maximum is ${MOST} stock locations)`
  const source = atRelationship('stock_locations')
  throw new AppError('invalid', {
    issues: [violation({ name: 'stock_locations', title, error: 'too_long', source, meta: { count: MOST } })],
  })
}

/** Makes exactly these stock locations serve a market, by the right to write the market.
 *  @returns those that served it before, and those that do now, if that is a difference
 *  @throws AppError invalid for more than ten */
export async function serveBy(
  ctx: Context,
  market: Row,
  { wanted, by }: { wanted: readonly string[]; by: By },
): Promise<[before: string[], after: string[]] | undefined> {
  checkNumber(wanted)
  const asWriter = ctx.scope.by(by)
  const pairs: Row[] = await asWriter
    .from(marketStockLocations.subject)
    .where({ market_id: market.id, organization_id: market.organization_id })
    .select('id', 'stock_location_id')
  const before = pairs.map(({ stock_location_id }) => String(stock_location_id))
  for (const pair of pairs) {
    if (!wanted.includes(String(pair.stock_location_id))) await asWriter.remove(marketStockLocations.subject, pair.id)
  }
  const added = wanted.filter((id) => !before.includes(id))
  for (const id of added) {
    const row = { organization_id: market.organization_id, market_id: market.id, stock_location_id: id }
    await asWriter.insert(marketStockLocations.subject, row)
  }
  const after = [...wanted].sort()
  return added.length === 0 && before.length === wanted.length ? undefined : [before.sort(), after]
}
