import { createHash } from 'node:crypto'

/** Statements that one connection keeps, at most: each costs the server memory for as long as the connection lives. */
const MOST = 300
const MOST_SEEN = 2000
/** Times that a statement is met before it is kept: what callers make up once is not. */
const OFTEN = 3

/** Names for the texts that come again and again; undefined for the others. */
export function createNames(): (sql: string) => string | undefined {
  const names = new Map<string, string>()
  const seen = new Map<string, number>()
  return (sql) => {
    const known = names.get(sql)
    if (known !== undefined || names.size >= MOST) return known
    const times = (seen.get(sql) ?? 0) + 1
    if (seen.size >= MOST_SEEN) seen.clear()
    seen.set(sql, times)
    if (times < OFTEN) return undefined
    seen.delete(sql)
    // Made of the text: two processes whose connections a pooler shares mean the same by it.
    const name = `g${createHash('sha256').update(sql).digest('hex').slice(0, 24)}`
    names.set(sql, name)
    return name
  }
}
