import type { Guarded, GuardedColumn } from '../access/guarded.js'
import type { AnyDefinition, Attribute, Can, Deployment, Relationship } from './define.js'

export interface CompiledAttribute extends Attribute {
  readonly name: string
  /** Whether a column (or SQL) stands behind it. */
  readonly stored: boolean
}

export interface CompiledRelationship extends Relationship {
  readonly name: string
}

/** One definition, compiled: names resolved, columns collected. */
export interface Resource {
  readonly definition: AnyDefinition
  readonly type: string
  /** Name in paths and in permission rows; the type, but for singletons. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, CompiledAttribute>
  readonly relationships: ReadonlyMap<string, CompiledRelationship>
  readonly guarded: Guarded
}

export interface Registry {
  readonly resources: ReadonlyMap<string, Resource>
  /** What the door must know of each table. */
  readonly guards: ReadonlyMap<string, Guarded>
  /** The resource by the name of its path; the registry has checked that relationship targets exist. */
  get(name: string): Resource
  /** All names under which `fields[TYPE]` may be given. */
  readonly types: ReadonlySet<string>
}

/** Whether something may be done to a field. */
export const can = (field: Attribute | Relationship, what: Can): boolean => field.options.can.includes(what)

const fail = (definition: AnyDefinition, problem: string): never => {
  throw new Error(`The definition of ${definition.name ?? definition.type} is not valid: ${problem}`)
}

const isStored = ({ options }: Attribute): boolean =>
  options.constant === undefined && options.once !== true && options.writeOnly !== true

function checkField(definition: AnyDefinition, name: string, field: Attribute | Relationship): void {
  if (name === 'id' || name === 'type') fail(definition, `"${name}" is the resource's own member, not a field`)
  if (!/^[a-z][a-z0-9_]*$/.test(name)) fail(definition, `"${name}" is not a snake_case name`)
  for (const oracle of ['filter', 'sort'] as const) {
    if (can(field, oracle) && !can(field, 'read')) {
      fail(definition, `"${name}" can be used to ${oracle} but not be read, which would be an oracle; add 'read'`)
    }
  }
  if (!('kind' in field) || isStored(field)) return
  const { writeOnly = false } = field.options
  const refused = writeOnly ? (['read', 'filter', 'sort'] as const) : (['create', 'update', 'filter', 'sort'] as const)
  if (refused.some((what) => can(field, what))) {
    fail(definition, `"${name}" stands in no column, so it can only be ${writeOnly ? 'written' : 'read'}`)
  }
}

function columnsOf(definition: AnyDefinition, deployment: Deployment): GuardedColumn[] {
  const columns = new Map<string, GuardedColumn>([['id', { name: 'id' }]])
  const add = (name: string, sql?: string, written = false): void => {
    columns.set(name, sql === undefined ? { name } : written ? { name, sql, written } : { name, sql })
  }
  if (definition.tenant === 'organization_id') add('organization_id')
  for (const name of definition.columns ?? []) add(name)
  for (const [name, attribute] of Object.entries<Attribute>(definition.attributes)) {
    const { from } = attribute.options
    const sql = typeof from === 'function' ? from(deployment) : from
    if (isStored(attribute)) add(name, sql, can(attribute, 'create') || can(attribute, 'update'))
  }
  for (const relationship of Object.values<Relationship>(definition.relationships)) {
    const { key } = relationship.options
    if (!relationship.many && key !== 'id') add(key)
  }
  return [...columns.values()]
}

/** The columns behind the fields that a sales channel sees, and those that place a row. */
function publicColumns(definition: AnyDefinition): ReadonlySet<string> {
  const names = (definition.publicFields ?? []).map((name) => {
    const relationship = definition.relationships[name] as Relationship | undefined
    return relationship?.options.key ?? name
  })
  return new Set(['id', 'organization_id', ...names])
}

function compile(definition: AnyDefinition, deployment: Deployment): Resource {
  const attributes = new Map<string, CompiledAttribute>()
  for (const [name, attribute] of Object.entries<Attribute>(definition.attributes)) {
    checkField(definition, name, attribute)
    attributes.set(name, { ...attribute, name, stored: isStored(attribute) })
  }
  const relationships = new Map<string, CompiledRelationship>()
  for (const [name, relationship] of Object.entries<Relationship>(definition.relationships)) {
    checkField(definition, name, relationship)
    if (attributes.has(name)) fail(definition, `"${name}" is an attribute and a relationship`)
    relationships.set(name, { ...relationship, name })
  }
  const name = definition.name ?? definition.type
  const guarded: Guarded = {
    subject: name,
    table: definition.table,
    tenant: definition.tenant,
    columns: columnsOf(definition, deployment),
    versionedAs: definition.versioned ? definition.type : false,
    ...(definition.rightsOf === undefined ? {} : { rightsOf: definition.rightsOf }),
    ...(definition.historyBy === undefined ? {} : { historyBy: definition.historyBy }),
    ...(definition.countedBy === undefined ? {} : { countedBy: definition.countedBy }),
    ...(definition.publicFields === undefined ? {} : { publicColumns: publicColumns(definition) }),
  }
  return { definition, type: definition.type, name, attributes, relationships, guarded }
}

function checkTargets(resources: ReadonlyMap<string, Resource>): void {
  for (const { definition, relationships } of resources.values()) {
    for (const { name, target, many, options } of relationships.values()) {
      const found = resources.get(target)
      if (found === undefined) {
        fail(
          definition,
          `"${name}" points at "${target}", which is not listed; there are: ${[...resources.keys()].join(', ')}`,
        )
      } else if (many && !found.guarded.columns.some((column) => column.name === options.key)) {
        fail(definition, `"${name}" looks for our id in ${target}.${options.key}, which ${target} does not show`)
      }
    }
  }
}

/** Compiles the definitions once, at boot.
 *  @throws Error that names the definition, the field and the repair */
export function createRegistry(
  definitions: readonly AnyDefinition[],
  others: readonly Guarded[],
  deployment: Deployment,
): Registry {
  const resources = new Map<string, Resource>()
  for (const definition of definitions) {
    const resource = compile(definition, deployment)
    if (resources.has(resource.name)) fail(definition, 'there are two of it')
    resources.set(resource.name, resource)
  }
  checkTargets(resources)
  const guards = new Map([...resources.values()].map(({ name, guarded }) => [name, guarded]))
  for (const guarded of others) guards.set(guarded.subject, guarded)
  return {
    resources,
    guards,
    types: new Set([...resources.values()].map(({ type }) => type)),
    get(name) {
      const resource = resources.get(name)
      if (resource === undefined) throw new Error(`no resource is called ${name}`)
      return resource
    },
  }
}

/** Whether an answer shows a field, under the request's sparse fieldsets. */
export function wanted(resource: Resource, fields: ReadonlyMap<string, ReadonlySet<string>>, name: string): boolean {
  const chosen = fields.get(resource.type)
  const field = resource.attributes.get(name) ?? resource.relationships.get(name)
  return field !== undefined && can(field, 'read') && (chosen === undefined || chosen.has(name))
}
