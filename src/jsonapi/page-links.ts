import type { Row } from '../access/guarded.js'
import { cursorAt } from './cursor.js'
import { lastNumber } from './page.js'
import type { Query } from './query.js'
import type { Page } from './read.js'

/** What was asked for. */
export interface Links {
  /** Absolute URL, without its query. */
  readonly url: string
  /** The raw query string as it was sent. */
  readonly search: string
}

/** The request's own URL, its query in canonical encoding: brackets may be sent bare but do not belong in a URI. */
export const self = ({ url, search }: Links): string => (search === '' ? url : `${url}?${new URLSearchParams(search)}`)

const pagesOf = (page: Page, query: Query): number => Math.ceil(page.total / query.page.size)

/** What a collection tells of all its pages. */
export const metaOf = (page: Page, query: Query): Record<string, number> => ({
  record_count: page.total,
  page_count: pagesOf(page, query),
})

const WAYS = ['number', 'after', 'before'] as const

// Where the value belongs in a URL that is parsed and written once for all pages. No query has it: it is refused (query.ts).
const PLACE = '\0'
const WRITTEN_PLACE = '%00'

/** Makes the URL of another page, which differs from the request in this one parameter only (JA-19). Values are numbers or
 *  cursors, which stand in a URL as they are. */
function turnerOf({ url, search }: Links, size: number): (way: (typeof WAYS)[number], value: string) => string {
  const templates = new Map<string, readonly string[]>()
  const templateOf = (way: string): readonly string[] => {
    const parameters = new URLSearchParams(search)
    for (const other of WAYS) if (other !== way) parameters.delete(`page[${other}]`)
    parameters.set(`page[${way}]`, PLACE)
    parameters.set('page[size]', String(size))
    const template = `${url}?${parameters}`.split(WRITTEN_PLACE)
    templates.set(way, template)
    return template
  }
  return (way, value) => (templates.get(way) ?? templateOf(way)).join(value)
}

/** `first`, `prev`, `next` and `last` of a page. Pages that have no number, for it would be too large, are reached by cursors;
 *  a page that was asked for by a cursor is left by cursors. */
export function pageLinks(links: Links, query: Query, page: Page): Record<string, string> {
  const { number, size, cursor } = query.page
  const to = turnerOf(links, size)
  const at = (row: Row | undefined): string => (row === undefined ? '' : cursorAt(query.sort, row))
  const [first, last] = [page.primary[0]?.row, page.primary.at(-1)?.row]
  if (cursor !== undefined) {
    const came = cursor.values !== undefined
    const isBefore = cursor.side === 'after' ? came : page.more
    const isBehind = cursor.side === 'before' ? came : page.more
    return {
      self: self(links),
      first: to('after', ''),
      ...(isBefore && first ? { prev: to('before', at(first)) } : {}),
      ...(isBehind && last ? { next: to('after', at(last)) } : {}),
      last: to('before', ''),
    }
  }
  const pages = Math.max(pagesOf(page, query), 1)
  const furthest = lastNumber(size)
  return {
    self: self(links),
    first: to('number', '1'),
    ...(number > 1 ? { prev: to('number', String(Math.min(number - 1, pages))) } : {}),
    ...(number < pages ? { next: number < furthest ? to('number', String(number + 1)) : to('after', at(last)) } : {}),
    last: pages > furthest ? to('before', '') : to('number', String(pages)),
  }
}
