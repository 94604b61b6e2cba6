import type { Socket } from 'node:net'
import type pg from 'pg'

/** What is looked at of a pg.Client beside its types: its socket, and whether it waits for an answer. */
interface Inside {
  readonly connection: { readonly stream: Socket }
  readonly readyForQuery: boolean
}

/** Ends a connection on which the server owes an answer and has not sent a byte for `ms`: it is silent, hung or cut off,
 *  since a statement that lives is cancelled before. The caller gets an error then, and the pool makes another.
 *  Source: ATTACKS F4 */
export function endWhenSilent(client: pg.Client, ms: number): void {
  const inside = client as unknown as Inside
  const { stream } = inside.connection
  stream.setTimeout(ms, () => {
    if (!inside.readyForQuery) stream.destroy()
  })
}

/** Lets a statement take as long as it takes on this connection: a migration.  @returns how to watch it again */
export function allowSilence(client: pg.Client): () => void {
  const { stream } = (client as unknown as Inside).connection
  const { timeout = 0 } = stream
  stream.setTimeout(0)
  return () => void stream.setTimeout(timeout)
}
