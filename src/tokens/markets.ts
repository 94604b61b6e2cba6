import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'
import type { Database } from '../db/connect.js'
import { AppError } from '../errors.js'
import { createBoundedCache } from './bounded-cache.js'
import type { MarketClaim } from './claims.js'
import { EVERYTHING, type Revocations } from './revocations.js'
import { isSpecific, type Named, namedIn } from './scope-targets.js'

const CACHED = 10_000
// What namedIn finds specific has one of these in it; most scopes have none and need not be taken apart.
const PARTICULAR = /:(?:id:|code:|\d)/

interface Target {
  id: string
  code: string | null
}
interface Market extends Target {
  geocoderId: string | null
  allowsExternalPrices: boolean
  stockLocationIds: string[]
}
interface Store extends Target {
  marketId: string
}
interface Found {
  markets: Market[]
  stores: Store[]
  stockLocations: Target[]
}

// One statement by the unique indexes; what is switched off is not found, as if it did not exist.
const FIND = `
  select
    (select coalesce(json_agg(json_build_object('id', m.id, 'code', m.code, 'geocoderId', m.geocoder_id,
        'allowsExternalPrices', m.allows_external_prices, 'stockLocationIds',
        (select coalesce(json_agg(s.id order by s.id), '[]') from market_stock_locations l
          join stock_locations s on s.organization_id = l.organization_id and s.id = l.stock_location_id
          where l.organization_id = m.organization_id and l.market_id = m.id and s.disabled_at is null))
        order by m.id), '[]')
      from markets m where m.organization_id = :organization and m.disabled_at is null
        and (m.id = any (:marketIds) or m.code = any (:marketCodes))) as markets,
    (select coalesce(json_agg(json_build_object('id', t.id, 'code', t.code, 'marketId', t.market_id)), '[]')
      from stores t where t.organization_id = :organization and t.disabled_at is null
        and (t.id = any (:storeIds) or t.code = any (:storeCodes))) as stores,
    (select coalesce(json_agg(json_build_object('id', s.id, 'code', s.code) order by s.id), '[]')
      from stock_locations s where s.organization_id = :organization and s.disabled_at is null
        and (s.id = any (:stockIds) or s.code = any (:stockCodes))) as "stockLocations"`

const refuse = (detail: string): AppError => new AppError('invalid_scope', { detail })

/** One text for unknown, foreign and switched off, so that it is no oracle. */
function checkAllFound(named: Named, found: readonly Target[], what: string): void {
  const ids = new Set(found.map(({ id }) => id))
  const codes = new Set(found.map(({ code }) => code))
  if (named.ids.every((id) => ids.has(id)) && named.codes.every((code) => codes.has(code))) return
  throw refuse(`The scope names a ${what} that does not exist or is disabled.`)
}

interface Wanted {
  readonly market: Named
  readonly store: Named
  readonly stock: Named
}

function checkBelonging(found: Found): void {
  if (found.markets.length === 0) return
  const served = new Set(found.markets.flatMap(({ stockLocationIds }) => stockLocationIds))
  if (found.stockLocations.some(({ id }) => !served.has(id))) {
    throw refuse('The scope names a stock location that does not belong to its market.')
  }
  const markets = new Set(found.markets.map(({ id }) => id))
  if (found.stores.some(({ marketId }) => !markets.has(marketId))) {
    throw refuse('The scope names a store that does not belong to its market.')
  }
}

/** The claim of CONTRACT 6. Of stock locations: those that the scope names, or else all that serve the markets. */
function claimOf(found: Found, wanted: Wanted): MarketClaim | undefined {
  checkAllFound(wanted.market, found.markets, 'market')
  checkAllFound(wanted.store, found.stores, 'store')
  checkAllFound(wanted.stock, found.stockLocations, 'stock location')
  if (!wanted.market.all) checkBelonging(found)
  const { markets, stockLocations } = found
  if (markets.length === 0) return undefined
  const chosen = isSpecific(wanted.stock)
    ? stockLocations.map(({ id }) => id)
    : markets.flatMap(({ stockLocationIds }) => stockLocationIds)
  return {
    id: markets.map(({ id }) => id),
    stock_location_ids: [...new Set(chosen)],
    geocoder_id: markets.find(({ geocoderId }) => geocoderId !== null)?.geocoderId ?? null,
    // Of several markets, what the strictest allows.
    allows_external_prices: markets.every((market) => market.allowsExternalPrices),
  }
}

async function find(knex: Knex, organization: string, { market, store, stock }: Wanted): Promise<Found> {
  const bindings = {
    organization,
    marketIds: market.ids,
    marketCodes: market.codes,
    storeIds: store.ids,
    storeCodes: store.codes,
    stockIds: stock.ids,
    stockCodes: stock.codes,
  }
  const [found] = await atOnce<Found>(knex, FIND, bindings)
  return found ?? { markets: [], stores: [], stockLocations: [] }
}

/** Resolves what a scope points at, inside one organization. */
export interface Markets {
  /** The `market` claim of a scope that names a market; undefined, at once, for one that does not. One indexed read at
   *  most, from memory while it is known to be current; nothing is written.
   *  @throws AppError invalid_scope for what is unknown, of another organization, disabled or not of its market */
  claimFor(organizationId: string, scope: string): Promise<MarketClaim | undefined> | undefined
}

interface Entry {
  readonly topic: string
  readonly claim: MarketClaim | undefined
}

/** Makes the resolver. What it remembers of an organization it forgets when that organization is in the news. */
export function createMarkets(
  db: Pick<Database, 'knex'>,
  revocations: Pick<Revocations, 'onChange' | 'healthy'>,
): Markets {
  const cache = createBoundedCache<Entry>(CACHED)
  let generation = 0
  revocations.onChange((topic) => {
    generation += 1
    if (topic === EVERYTHING) cache.clear()
    else cache.deleteWhere((entry) => entry.topic === topic)
  })
  const resolve = async (organizationId: string, scope: string): Promise<MarketClaim | undefined> => {
    const items = scope.split(/[ ,]+/)
    const wanted = {
      market: namedIn(items, 'market'),
      store: namedIn(items, 'store'),
      stock: namedIn(items, 'stock_location'),
    }
    if (!Object.values(wanted).some(isSpecific)) return undefined
    const key = `${organizationId} ${scope}`
    const known = revocations.healthy() ? cache.get(key) : undefined
    if (known) return known.claim
    const before = generation
    const claim = claimOf(await find(db.knex, organizationId, wanted), wanted)
    // News that came during the read may be about what was read: then it serves once and is not kept.
    if (before === generation) cache.set(key, { topic: `organization:${organizationId}`, claim })
    return claim
  }
  return {
    claimFor: (organizationId, scope) => (PARTICULAR.test(scope) ? resolve(organizationId, scope) : undefined),
  }
}
