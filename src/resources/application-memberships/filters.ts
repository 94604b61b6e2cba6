import type { Context } from '../../access/context.js'
import { FILTER_KEYS } from '../../access/targets.js'
import { AppError, atAttribute, type Issue, pointerStep, violation } from '../../errors.js'
import { ID_PATTERN } from '../../ids.js'

const MOST_IDS = 100

const SUBJECTS: Readonly<Record<(typeof FILTER_KEYS)[number], string>> = {
  market_id_in: 'markets',
  stock_location_id_in: 'stock_locations',
  store_id_in: 'stores',
  merchant_id_in: 'merchants',
}

const issueAt = (key: string, title: string, error: string): Issue =>
  violation({
    name: `filters.${key}`,
    title,
    error,
    source: { pointer: `/data/attributes/filters/${pointerStep(key)}` },
  })

const isList = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= MOST_IDS &&
  value.every((id) => typeof id === 'string' && ID_PATTERN.test(id))

/** Checks the form of `filters`: only the four keys, each with a list of ids. */
export function filterIssues(filters: unknown): Issue[] {
  if (typeof filters !== 'object' || filters === null) return []
  return Object.entries(filters).flatMap(([key, value]) => {
    if (!FILTER_KEYS.some((known) => known === key)) {
      return [issueAt(key, `is not one of ${FILTER_KEYS.join(', ')}`, 'inclusion')]
    }
    return isList(value) ? [] : [issueAt(key, `must be a list of 1 to ${MOST_IDS} ids`, 'invalid')]
  })
}

/** Checks that everything filters name is there, in the organization, for the caller to see.
 *  @throws AppError not_found, pointing at the key */
export async function checkFilterTargets(ctx: Context, organizationId: string, filters: unknown): Promise<void> {
  if (typeof filters !== 'object' || filters === null) return
  for (const key of FILTER_KEYS) {
    const ids = (filters as Record<string, string[] | undefined>)[key]
    if (ids === undefined) continue
    const found = await ctx.scope
      .from(SUBJECTS[key])
      .where({ organization_id: organizationId })
      .whereIn('id', ids)
      .select('id')
    if (found.length === new Set(ids).size) continue
    const source = { ...atAttribute('filters'), pointer: `/data/attributes/filters/${key}` }
    throw new AppError('not_found', { detail: `filters.${key} - names what does not exist`, source })
  }
}
