import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import { AppError, atRelationship, recordNotFound, violation } from '../errors.js'
import { newId } from '../ids.js'
import type { DeleteInput, Operation, Outcome, UpdateInput } from './define.js'
import type { Draft } from './document.js'
import type { CompiledRelationship, Registry, Resource } from './registry.js'

interface Writing {
  readonly ctx: Context
  readonly registry: Registry
  readonly resource: Resource
}

const organizationOf = (resource: Resource, row: Row): unknown =>
  resource.guarded.tenant === 'id' ? row.id : row.organization_id

interface Link {
  readonly relationship: CompiledRelationship
  readonly ids: readonly string[]
}

/** The organizations of the rows at the far ends, loaded through the door in one query.
 *  @throws AppError not_found, forbidden; both point at the relationship */
async function organizationsOf({ ctx, registry }: Writing, { relationship, ids }: Link): Promise<Set<unknown>> {
  const { name } = relationship
  const target = registry.get(relationship.target)
  const tenant = target.guarded.tenant === 'id' ? 'id' : 'organization_id'
  const load = async (): Promise<Row[]> => {
    const found: Row[] = await ctx.scope
      .from(target.name)
      .whereIn('id', [...ids])
      .select('id', tenant)
    if (found.length < new Set(ids).size) throw recordNotFound()
    return found
  }
  const rows = await load().catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error
    throw new AppError(error.kind, { detail: `${name}: ${error.message}`, source: atRelationship(name) })
  })
  return new Set(rows.map((row) => organizationOf(target, row)))
}

/** Loads every row that a document links to, through the door: linking is reading (DESIGN 3.6).
 *  @throws AppError not_found with a pointer for what is absent or invisible; invalid for another organization's row */
async function checkLinks(writing: Writing, draft: Draft, home: unknown): Promise<string | undefined> {
  let organization = home
  for (const [name, linkage] of Object.entries(draft.relationships)) {
    const relationship = writing.resource.relationships.get(name)
    const ids = [linkage ?? []].flat()
    if (relationship === undefined || ids.length === 0) continue
    for (const theirs of await organizationsOf(writing, { relationship, ids })) {
      organization ??= theirs
      if (theirs === organization) continue
      const title = 'must belong to the same organization'
      const issue = violation({ name, title, error: 'invalid', source: atRelationship(name) })
      throw new AppError('invalid', { issues: [issue] })
    }
  }
  return organization as string | undefined
}

function checkRules({ resource }: Writing, draft: Draft, row: Row | undefined): void {
  const flat = { ...draft.attributes, ...draft.relationships }
  const issues = (resource.definition.rules ?? []).flatMap((rule) => rule(flat, row) ?? [])
  if (issues.length > 0) throw new AppError('invalid', { issues })
}

/** Columns of a draft: attributes as they are, to-one relationships by key. */
function columnsOf(resource: Resource, draft: Draft): Record<string, unknown> {
  const keys = Object.entries(draft.relationships).flatMap(([name, id]) => {
    const relationship = resource.relationships.get(name)
    return relationship === undefined || relationship.many ? [] : [[relationship.options.key, id]]
  })
  return { ...draft.attributes, ...Object.fromEntries(keys) }
}

function withDefaults(resource: Resource, draft: Draft): Draft {
  const defaults = [...resource.attributes.values()].filter(({ options }) => options.default !== undefined)
  const attributes = Object.fromEntries(defaults.map(({ name, options }) => [name, options.default]))
  return { ...draft, attributes: { ...attributes, ...draft.attributes } }
}

/** Pulls the triggers of a document, in its order. */
async function pull({ ctx, resource }: Writing, draft: Draft, id: string): Promise<void> {
  for (const name of draft.triggers) await resource.definition.triggers?.[name]?.run(ctx, id)
}

/** What was created. `made` settles when the row is there, which has been asked for already. */
interface Created extends Outcome {
  readonly made?: Promise<unknown>
}

/** Creates a resource: by its operation, or as the definition says. The caller waits for `made`. */
export async function createResource(writing: Writing, sent: Draft): Promise<Created> {
  const { ctx, resource } = writing
  const draft = withDefaults(resource, sent)
  const { create } = resource.definition.verbs
  const organization = await checkLinks(writing, draft, undefined)
  if (organization !== undefined && !ctx.abilities.may('create', resource.name, organization)) {
    throw new AppError('forbidden', { detail: `You may not create ${resource.name} here.` })
  }
  checkRules(writing, draft, undefined)
  if (create === true) {
    const id = newId()
    const row = { id, ...columnsOf(resource, draft), organization_id: organization }
    const made = ctx.scope.insert(resource.name, row)
    if (draft.triggers.length > 0) {
      await made
      await pull(writing, draft, id)
    }
    return { id, made }
  }
  const outcome = await (create as Operation<unknown>)(ctx, { ...draft.attributes, ...draft.relationships })
  await pull(writing, draft, outcome.id)
  return outcome
}

async function apply({ ctx, resource }: Writing, row: Row, draft: Draft): Promise<Outcome> {
  const { update } = resource.definition.verbs
  if (update === true) {
    await ctx.scope.update(resource.name, row.id, columnsOf(resource, draft))
    return { id: row.id }
  }
  const input = { id: row.id, changes: { ...draft.attributes, ...draft.relationships } }
  return (update as Operation<UpdateInput<unknown>>)(ctx, input)
}

/** Updates a resource, then pulls its triggers. The caller has loaded `row` with the right to update it. */
export async function updateResource(writing: Writing, row: Row, draft: Draft): Promise<Outcome> {
  await checkLinks(writing, draft, organizationOf(writing.resource, row))
  checkRules(writing, draft, row)
  const outcome = await apply(writing, row, draft)
  await pull(writing, draft, row.id)
  return outcome
}

/** Ids at the far end of a to-many relationship of a row, by the right to change the row. */
async function presentIds(
  { ctx, resource }: Writing,
  row: Row,
  { target, options }: CompiledRelationship,
): Promise<string[]> {
  const { through, key } = options
  if (through === undefined)
    return ctx.scope
      .from(target)
      .where({ [key]: row.id })
      .pluck('id')
  const pairs = ctx.scope.by(['update', resource.name]).from(through.subject)
  return pairs.where({ [through.near]: row.id }).pluck(through.far)
}

/** Adds to or takes from the far end of a to-many relationship, by the resource's own update. What is there already, or
 *  is not there any more, is no fault; nor need what is taken away be visible. */
export async function relinkResource(
  writing: Writing,
  row: Row,
  { relationship, ids, how }: Link & { how: 'add' | 'remove' },
): Promise<void> {
  const draftOf = (linked: readonly string[]): Draft => {
    return { attributes: {}, relationships: { [relationship.name]: [...linked] }, triggers: [] }
  }
  if (how === 'add') await checkLinks(writing, draftOf(ids), organizationOf(writing.resource, row))
  const present = await presentIds(writing, row, relationship)
  const wanted = how === 'add' ? new Set([...present, ...ids]) : new Set(present.filter((id) => !ids.includes(id)))
  const draft = draftOf([...wanted])
  checkRules(writing, draft, row)
  await apply(writing, row, draft)
}

/** Deletes a resource.
 *  @returns `meta` for the answer, if the operation has something to tell */
export async function deleteResource(
  writing: Writing,
  input: DeleteInput,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { ctx, resource } = writing
  const remove = resource.definition.verbs.delete
  if (typeof remove === 'function')
    return (remove as Operation<DeleteInput, Record<string, unknown> | undefined>)(ctx, input)
  await ctx.scope.remove(resource.name, input.id)
  return undefined
}
