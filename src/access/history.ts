import type { Abilities, RowRule } from './abilities.js'
import type { Guarded } from './guarded.js'
import type { Clauses } from './targets.js'

interface Deps {
  readonly guards: ReadonlyMap<string, Guarded>
  readonly abilities: Abilities
}

/** Whose history is kept in `versions`: their types, and where the caller may read all rows of each. */
function readableTypes({ guards, abilities }: Deps): ReadonlyMap<string, ReadonlySet<string>> {
  const types = new Map<string, ReadonlySet<string>>()
  for (const { subject, tenant, versionedAs, rightsOf = subject } of guards.values()) {
    if (versionedAs === false || tenant === 'user') continue
    const { organizations, only, clauses, publicOnly } = abilities.rows('read', rightsOf)
    // Who sees some rows only, or not all of them, cannot be shown their history: it does not tell which they were.
    const isWhole = only === undefined && clauses === undefined && publicOnly === undefined
    types.set(versionedAs, new Set(isWhole ? organizations : []))
  }
  return types
}

/** A history shows what its rows show: of each organization those types whose rows the caller may read there, and so nothing
 *  that a role, a scope, the test mode or a filter keeps from them (DECISIONS 3).
 *  @param column where a row of the history says its type */
export function withReadableTypes(rule: RowRule, column: string, deps: Deps): RowRule {
  const types = readableTypes(deps)
  const alike = new Map<string, { readonly readable: string[]; readonly organizations: Set<string> }>()
  for (const id of rule.organizations) {
    const readable = [...types].filter(([, where]) => where.has(id)).map(([type]) => type)
    const known = alike.get(readable.join()) ?? { readable, organizations: new Set() }
    known.organizations.add(id)
    alike.set(readable.join(), known)
  }
  const clauses: Clauses = [...alike.values()]
    .filter(({ readable }) => readable.length < types.size)
    .map(({ readable, organizations }) => {
      const others = rule.organizations.filter((id) => !organizations.has(id))
      return [
        { column: 'organization_id', values: others },
        { column, values: readable },
      ]
    })
  return clauses.length === 0 ? rule : { ...rule, clauses: [...(rule.clauses ?? []), ...clauses] }
}
