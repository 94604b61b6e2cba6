import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import { AppError, atRelationship, violation } from '../errors.js'
import type { DeleteInput, Operation, Outcome, UpdateInput } from './define.js'
import type { Draft } from './document.js'
import type { Registry, Resource } from './registry.js'

interface Writing {
  readonly ctx: Context
  readonly registry: Registry
  readonly resource: Resource
}

const organizationOf = (resource: Resource, row: Row): unknown =>
  resource.guarded.tenant === 'id' ? row.id : row.organization_id

/** Loads every row that a document links to, through the door: linking is reading (DESIGN 3.6).
 *  @throws AppError not_found with a pointer for what is absent or invisible; invalid for another organization's row */
async function checkLinks(writing: Writing, draft: Draft, home: unknown): Promise<string | undefined> {
  const { ctx, registry, resource } = writing
  let organization = home
  for (const [name, linkage] of Object.entries(draft.relationships)) {
    const relationship = resource.relationships.get(name)
    if (relationship === undefined || linkage === null) continue
    const target = registry.get(relationship.target)
    const source = atRelationship(name)
    for (const id of typeof linkage === 'string' ? [linkage] : linkage) {
      const row = await ctx.scope.one(target.name, id).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error
        throw new AppError(error.kind, { detail: `${name}: ${error.message}`, source })
      })
      const theirs = organizationOf(target, row)
      organization ??= theirs
      if (theirs !== organization) {
        const issue = violation({ name, title: 'must belong to the same organization', error: 'invalid', source })
        throw new AppError('invalid', { issues: [issue] })
      }
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

/** Creates a resource: by its operation, or as the definition says. */
export async function createResource(writing: Writing, sent: Draft): Promise<Outcome> {
  const { ctx, resource } = writing
  const draft = withDefaults(resource, sent)
  const { create } = resource.definition.verbs
  const organization = await checkLinks(writing, draft, undefined)
  if (organization !== undefined && !ctx.abilities.may('create', resource.name, organization)) {
    throw new AppError('forbidden', { detail: `You may not create ${resource.name} here.` })
  }
  checkRules(writing, draft, undefined)
  if (create === true) {
    const { id } = await ctx.scope.insert(resource.name, {
      ...columnsOf(resource, draft),
      organization_id: organization,
    })
    await pull(writing, draft, id)
    return { id }
  }
  const outcome = await (create as Operation<unknown>)(ctx, { ...draft.attributes, ...draft.relationships })
  await pull(writing, draft, outcome.id)
  return outcome
}

/** Updates a resource, then pulls its triggers. The caller has loaded `row` with the right to update it. */
export async function updateResource(writing: Writing, row: Row, draft: Draft): Promise<Outcome> {
  const { ctx, resource } = writing
  const { verbs } = resource.definition
  await checkLinks(writing, draft, organizationOf(resource, row))
  checkRules(writing, draft, row)
  let outcome: Outcome = { id: row.id }
  if (verbs.update === true) await ctx.scope.update(resource.name, row.id, columnsOf(resource, draft))
  else {
    const input = { id: row.id, changes: { ...draft.attributes, ...draft.relationships } }
    outcome = await (verbs.update as Operation<UpdateInput<unknown>>)(ctx, input)
  }
  await pull(writing, draft, row.id)
  return outcome
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
