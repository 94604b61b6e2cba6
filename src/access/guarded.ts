/** One column that the door may show: its name and, where it is computed, its SQL (a constant text, never input). */
export interface GuardedColumn {
  readonly name: string
  readonly sql?: string
  /** Whether a column of this name is written although its SQL is what is shown (a seat's own value, say, under its
   *  profile's). */
  readonly written?: true
}

/** What the door must know of a table. The registry derives one from every definition; a table without one is unreachable. */
export interface Guarded {
  /** The name that permission rows use, e.g. `roles`. */
  readonly subject: string
  readonly table: string
  /** The column that says whose row it is; `user` marks the table of users, whose rows belong to themselves. */
  readonly tenant: 'organization_id' | 'id' | 'user'
  /** Columns that may leave. What is not listed is neither selected, filtered, sorted nor versioned. */
  readonly columns: readonly GuardedColumn[]
  /** `resource_type` of the versions rows, or false where changes are told by another resource. */
  readonly versionedAs: string | false
  /** The columns that those see who may see the public face of a row only; without it, all. Others are null to them. */
  readonly publicColumns?: ReadonlySet<string>
  /** Columns by whose values the rows are counted too (the arguments of the table's counting triggers). */
  readonly countedBy?: readonly string[]
  /** The column that says of which type a row of a history is: who may not read that type may not read its history. */
  readonly historyBy?: string
  /** The subject whose rights count, where it is not this one (secrets follow their credential). */
  readonly rightsOf?: string
}

export type Row = Record<string, unknown> & { id: string }
