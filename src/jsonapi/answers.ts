import type { Context } from '../access/context.js'
import type { By } from '../access/scope.js'
import { tagHeaders } from './etag.js'
import type { Found } from './include.js'
import { type Links, metaOf, pageLinks, self } from './page-links.js'
import type { Query } from './query.js'
import { type Page, readWritten } from './read.js'
import type { Registry, Resource } from './registry.js'
import type { Loaded } from './related.js'
import { identifier } from './resource-object.js'
import type { Serialize } from './serialize.js'

/** What a handler answers; it is sent after the transaction has committed. */
export interface Answer {
  readonly status: number
  readonly body?: Record<string, unknown>
  readonly headers?: Readonly<Record<string, string>>
  /** The context that goes on after this, where an organization was founded: it may act in the new one. */
  readonly context?: Context
}

/** Builds JSON:API documents from what was read. */
export interface Answers {
  one(found: Found, query: Query, links?: Links): Promise<Record<string, unknown>>
  many(page: Page, query: Query, links: Links): Promise<Record<string, unknown>>
  /** Identifiers only, for a relationship endpoint (JA-15). */
  linkage(data: Loaded | null | Page, query: Query, links: Links & { related: string }): Record<string, unknown>
  /** The resource after a write, as the writer may see it. */
  written(
    ctx: Context,
    options: {
      resource: Resource
      id: string
      query: Query
      once?: Readonly<Record<string, unknown>> | undefined
      by: By
    },
  ): Promise<{ body: Record<string, unknown>; headers: Record<string, string> }>
}

/** Makes the document builder of a deployment. */
export function createAnswers(registry: Registry, serialize: Serialize): Answers {
  async function included(found: Found, query: Query): Promise<Record<string, unknown>> {
    if (query.include === undefined) return {}
    return { included: await serialize.listed(found.included, query.fields) }
  }

  const answers: Answers = {
    async one(found, query, links) {
      const [data = null] = await serialize.resources(found.primary, query.fields)
      return {
        data,
        ...(await included(found, query)),
        ...(links === undefined ? {} : { links: { self: self(links) } }),
      }
    },
    async many(page, query, links) {
      const data = await serialize.listed(page.primary, query.fields)
      const meta = metaOf(page, query)
      return { data, ...(await included(page, query)), meta, links: pageLinks(links, query, page) }
    },
    linkage(data, query, links) {
      const { related } = links
      if (data === null || 'row' in data) {
        return { data: data === null ? null : identifier(data), links: { self: self(links), related } }
      }
      const paging = pageLinks(links, query, data)
      return { data: data.primary.map(identifier), meta: metaOf(data, query), links: { ...paging, related } }
    },
    async written(ctx, { resource, id, query, once, by }) {
      const found = await readWritten({ ctx, registry, query }, resource, { id, by })
      const headers = tagHeaders(found.primary[0]?.row)
      for (const { row } of found.primary) Object.assign(row, once)
      return { body: await answers.one(found, query), headers }
    },
  }
  return answers
}
