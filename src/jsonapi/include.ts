import type { Row } from '../access/guarded.js'
import { groupBy } from './group.js'
import type { IncludeTree } from './query.js'
import { refuse } from './refuse.js'
import type { CompiledRelationship, Resource } from './registry.js'
import { type Loaded, loadRelated, MAX_INCLUDED, type Pairs, pairsOf, type Reading } from './related.js'

/** What a read found: the primary rows and, each once, everything that came with them. */
export interface Found {
  readonly primary: readonly Loaded[]
  readonly included: readonly Loaded[]
}

/** Bytes of free-form objects in them: rows are small, what people put into metadata need not be. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024

const keyOf = (resource: Resource, id: string): string => `${resource.type} ${id}`

interface Family {
  readonly parents: readonly Loaded[]
  readonly children: readonly Loaded[]
  readonly pairs: Pairs
}

function attach(relationship: CompiledRelationship, { parents, children, pairs }: Family): void {
  const { name, many, options } = relationship
  if (pairs !== undefined) {
    const byParent = groupBy(pairs, ({ near }) => near)
    for (const parent of parents) {
      const theirs = new Set((byParent.get(parent.row.id) ?? []).map(({ far }) => far))
      parent.links.set(
        name,
        children.filter(({ row }) => theirs.has(row.id)),
      )
    }
    return
  }
  if (many) {
    const byParent = groupBy(children, ({ row }) => row[options.key])
    for (const parent of parents) parent.links.set(name, byParent.get(parent.row.id) ?? [])
    return
  }
  const byId = new Map(children.map((child) => [child.row.id, child]))
  for (const parent of parents) {
    const id = parent.row[options.key] as string | null
    const child = id === null ? null : byId.get(id)
    // A target that the caller may not see stays without linkage: its links remain, its id does not leave.
    if (child !== undefined) parent.links.set(name, child)
  }
}

interface Loading {
  readonly reading: Reading
  /** Everything loaded so far, each row once, by type and id. */
  readonly store: Map<string, Loaded>
  /** Bytes of the free-form objects in the store. */
  bytes: number
}

/** The far rows, if an earlier path of the tree has brought them all: going in circles costs no further query. */
function alreadyLinked(parents: readonly Loaded[], name: string): readonly Loaded[] | undefined {
  if (!parents.every(({ links }) => links.has(name))) return undefined
  return [...new Set(parents.flatMap(({ links }) => links.get(name) ?? []))]
}

const bytesOf = (value: unknown): number =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? JSON.stringify(value).length : 0

const weightOf = (rows: readonly Row[]): number => rows.reduce((sum, row) => sum + bytesOf(row.metadata), 0)

/** Refuses a document that would be too large to build without holding up everybody else (ATTACKS J15). */
function checkBudget({ name }: CompiledRelationship, { store, bytes }: Loading, rows: readonly Row[]): void {
  if (store.size + rows.length <= MAX_INCLUDED && bytes + weightOf(rows) <= MAX_OBJECT_BYTES) return
  const detail = `With "${name}" the answer would be too large: ask for smaller pages, or read it at the related link.`
  throw refuse('include', 'INVALID_INCLUDE', detail)
}

interface Far {
  readonly rows: readonly Row[]
  readonly pairs: Pairs
}

async function farOf(reading: Reading, relationship: CompiledRelationship, parents: readonly Loaded[]): Promise<Far> {
  const ids = parents.map(({ row }) => row.id)
  const [rows, pairs] = await Promise.all([
    loadRelated(reading, relationship, parents),
    pairsOf(reading, relationship, ids),
  ])
  return { rows, pairs }
}

interface Link {
  readonly relationship: CompiledRelationship
  readonly parents: readonly Loaded[]
  readonly far: Far
}

function link(loading: Loading, { relationship, parents, far: { rows, pairs } }: Link): readonly Loaded[] {
  const { reading, store } = loading
  const target = reading.registry.get(relationship.target)
  checkBudget(relationship, loading, rows)
  const children = rows.map((row) => {
    const key = keyOf(target, row.id)
    const known = store.get(key) ?? { resource: target, row, links: new Map() }
    if (!store.has(key)) loading.bytes += bytesOf(row.metadata)
    // Met before by another way, it may lack the column that holds this link.
    Object.assign(known.row, row)
    store.set(key, known)
    return known
  })
  attach(relationship, { parents, children, pairs })
  return children
}

/** Loads an include tree: one query for each relationship at each depth, whatever the number of rows. */
async function loadTree(loading: Loading, parents: readonly Loaded[], tree: IncludeTree): Promise<void> {
  const [first] = parents
  if (first === undefined) return
  // The ends of to-one relationships are no more than the parents, so that they may all be asked for at once.
  const near = new Map<string, Promise<Far>>()
  for (const name of tree.keys()) {
    const relationship = first.resource.relationships.get(name)
    if (relationship?.many === false && alreadyLinked(parents, name) === undefined)
      near.set(name, farOf(loading.reading, relationship, parents))
  }
  await Promise.all(near.values())
  for (const [name, below] of tree) {
    const relationship = first.resource.relationships.get(name)
    if (relationship === undefined) continue
    const far = () => near.get(name) ?? farOf(loading.reading, relationship, parents)
    const children = alreadyLinked(parents, name) ?? link(loading, { relationship, parents, far: await far() })
    await loadTree(loading, children, below)
  }
}

/** What is linked where nothing was asked for. Nobody writes to it: links are attached to what is loaded for an include. */
const NO_LINKS: Loaded['links'] = new Map()

/** Rows with what the request includes, each row once. */
export async function withIncludes(reading: Reading, resource: Resource, rows: readonly Row[]): Promise<Found> {
  const { include } = reading.query
  if (include === undefined) {
    return { primary: rows.map((row): Loaded => ({ resource, row, links: NO_LINKS })), included: [] }
  }
  const primary = rows.map((row): Loaded => ({ resource, row, links: new Map() }))
  const store = new Map(primary.map((loaded) => [keyOf(resource, loaded.row.id), loaded]))
  await loadTree({ reading, store, bytes: weightOf(rows) }, primary, include)
  const own = new Set(primary)
  return { primary, included: [...store.values()].filter((loaded) => !own.has(loaded)) }
}
