/** What knex hands to a client for one statement, and where it looks for the answer. */
export interface Statement {
  readonly sql: string
  readonly bindings?: readonly unknown[]
  options?: { readonly prepare?: boolean; readonly name?: string }
  response?: unknown
}

type Send = (statement: Statement) => Promise<Statement>

/** What a statement answers that was not sent. */
const NOTHING = { command: '', rows: [], rowCount: 0 }

/** Sends the `begin` of a transaction together with its first statement, in one message if that has no bindings. A
 *  transaction that ends before its first statement is never begun. */
export function createBegins(): (connection: object, statement: Statement, send: Send) => Promise<Statement> {
  const unbegun = new WeakSet<object>()

  async function first(statement: Statement, send: Send): Promise<Statement> {
    const { sql, bindings = [] } = statement
    if (/^(commit|rollback)\b/i.test(sql)) return Object.assign(statement, { response: NOTHING })
    if (bindings.length > 0) {
      await send({ sql: 'begin' })
      return send(statement)
    }
    const { response } = await send({ ...statement, sql: `begin; ${sql}` })
    // One answer for each statement of a message: the first is that of `begin`.
    const [, ...answers] = response as unknown[]
    return Object.assign(statement, { response: answers.length === 1 ? answers[0] : answers })
  }

  return async (connection, statement, send) => {
    if (statement.sql === 'BEGIN;') {
      unbegun.add(connection)
      return Object.assign(statement, { response: NOTHING })
    }
    return unbegun.delete(connection) ? first(statement, send) : send(statement)
  }
}
