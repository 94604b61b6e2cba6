/** What knex hands to a client for one statement, and where it looks for the answer. */
export interface Statement {
  sql: string
  readonly bindings?: readonly unknown[]
  options?: {
    readonly prepare?: boolean
    readonly name?: string
    /** Nobody looks at the answer: it may go out with the next statement, and fail with it. */
    readonly prologue?: boolean
    /** The transaction that begins with it writes nothing, and all that it reads is of one moment: nobody has to wait for
     *  its end. */
    readonly readOnly?: boolean
  }
  response?: unknown
}

type Send = (statement: Statement) => Promise<unknown>

/** Of a transaction, not of a savepoint. */
const ENDS = /^(commit|rollback)\b(?! to\b)/i

/** Answers as if it had been sent. */
const unsent = (statement: Statement): Statement =>
  Object.assign(statement, { response: { command: '', rows: [], rowCount: 0 } })

/** Waits for all answers to statements that were sent one after the other.
 *  Throws what failed first: it has made all that follows fail. */
export async function allOf<T>(answers: readonly (Promise<T> | undefined)[]): Promise<void> {
  const failed = (await Promise.allSettled(answers)).find((answer) => answer.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Sends `begin` and the prologue of a transaction together with its first statement, and does not wait for the end of one
 *  that only reads. The connections must be pipelined. A transaction that ends before that statement is never begun. */
export function createBegins(): (connection: object, statement: Statement, send: Send) => Promise<Statement> {
  const unbegun = new WeakMap<object, Statement[]>()
  const reading = new WeakSet<object>()

  async function end(connection: object, statement: Statement, send: Send): Promise<Statement> {
    const begun = !unbegun.delete(connection)
    const sent = begun ? send(statement) : undefined
    if (reading.delete(connection) || sent === undefined) {
      // It fails when the connection is lost, of which the pool is told.
      sent?.catch(() => undefined)
      return unsent(statement)
    }
    await sent
    return statement
  }

  return async (connection, statement, send) => {
    const { sql, options } = statement
    if (sql === 'BEGIN;') {
      // A message of its own: in one with the prologue, a mistake there would keep the transaction from beginning, and the
      // first statement would run outside it.
      unbegun.set(connection, [{ sql: 'begin' }])
      return unsent(statement)
    }
    if (ENDS.test(sql)) return end(connection, statement, send)
    if (options?.readOnly) reading.add(connection)
    const held = unbegun.get(connection)
    if (held !== undefined && options?.prologue) {
      if (options.readOnly) held[0] = { sql: 'begin isolation level repeatable read, read only' }
      held.push(statement)
      return unsent(statement)
    }
    unbegun.delete(connection)
    await allOf([...(held ?? []), statement].map(send))
    return statement
  }
}
