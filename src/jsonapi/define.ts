import type { Action } from '../access/abilities.js'
import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import type { Issue } from '../errors.js'
import type { Attribute, Can, Relationship } from './fields.js'

export type {
  Attribute,
  Can,
  Deployment,
  FieldKind,
  FieldOptions,
  Format,
  Relationship,
  RelationshipOptions,
} from './fields.js'
export { boolean, common, datetime, integer, list, number, object, oneOf, string, toMany, toOne } from './fields.js'

type Attributes = Readonly<Record<string, Attribute>>
type Relationships = Readonly<Record<string, Relationship>>

type ValueOf<F> =
  F extends Attribute<infer T, infer O>
    ? O extends { nullable: true }
      ? T | null
      : T
    : F extends Relationship<infer M, infer O>
      ? M extends true
        ? string[]
        : O extends { required: true }
          ? string
          : string | null
      : never
type KeysThatCan<F, C extends Can> = {
  [K in keyof F]: F[K] extends { options: { can: infer L } }
    ? L extends readonly Can[]
      ? C extends L[number]
        ? K
        : never
      : never
    : never
}[keyof F]
type RequiredKeys<F> = { [K in keyof F]: F[K] extends { options: { required: true } } ? K : never }[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }

/** What `create` gets: attributes and relationships in one namespace, to-one as ids. */
export type CreateInput<F> = Flat<
  { [K in Extract<KeysThatCan<F, 'create'>, RequiredKeys<F>>]: ValueOf<F[K]> } & {
    [K in Exclude<KeysThatCan<F, 'create'>, RequiredKeys<F>>]?: ValueOf<F[K]>
  }
>
/** What `update` gets: the row's id, and only what was sent. */
export type UpdateInput<F> = { id: string; changes: Flat<{ [K in KeysThatCan<F, 'update'>]?: ValueOf<F[K]> }> }

/** What an operation answers: the id of the row to show, and attributes that are shown this once. */
export interface Outcome {
  readonly id: string
  readonly once?: Readonly<Record<string, unknown>>
  /** The context that sees the row, where founding an organization made a new one. */
  readonly context?: Context
}

export type Operation<I, O = Outcome> = (ctx: Context, input: I) => Promise<O>

/** What `delete` gets besides the id: the request's `meta`, e.g. `confirm` or `reassign_to`. */
export interface DeleteInput {
  readonly id: string
  readonly meta: Readonly<Record<string, unknown>>
}

/** An action beside the five verbs: `POST /memberships/{id}/resend`. Answers 202 without a body, or with `document` 200
 *  and the resource that its outcome names. */
export interface ActionDefinition {
  readonly method: 'POST' | 'PATCH'
  readonly needs: Action
  readonly doc: string
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** `run` answers an Outcome, and the resource is shown. */
  readonly document?: true
  /** The row cannot be seen (an organization that is deleted): `run` finds it by itself, and asks for the right itself. */
  readonly unseen?: true
  // biome-ignore lint/suspicious/noExplicitAny: the attributes above say what the input is; checked when it is parsed
  readonly run: Operation<any, unknown>
}

/** A write-only boolean of an update, e.g. `_disable`: when true, `run` is done after the changes. With `onCreate` a create
 *  takes it too. */
export interface TriggerDefinition {
  readonly doc: string
  readonly onCreate?: true
  run(ctx: Context, id: string): Promise<void>
}

export interface Definition<A extends Attributes = Attributes, R extends Relationships = Relationships> {
  readonly type: string
  /** What permission rows call it and where it stands under /api, if that is not `type` (singletons). */
  readonly name?: string
  readonly doc: string
  readonly table: string
  readonly tenant: 'organization_id' | 'id' | 'user'
  /** Whose rights count, where they are not the type's own: secrets follow their application. */
  readonly rightsOf?: string
  /** Of a history: the attribute that names the type of what it tells, whose rights count too. */
  readonly historyBy?: string
  /** Attributes by whose values rows are counted as they come and go, so that lists which they filter need not count; the
   *  table's counting triggers name them, too. */
  readonly countedBy?: readonly string[]
  /** Default order; ties are broken by id. */
  readonly sort?: string
  readonly versioned: boolean
  readonly attributes: A
  readonly relationships: R
  /** Answers the one row of the caller: no id in the path. */
  readonly singleton?: (ctx: Context) => string | undefined
  /** Columns that operations and the evaluator need and no attribute shows. */
  readonly columns?: readonly string[]
  /** Fields that a sales channel sees of the rows in its scope; the others are null to it. */
  readonly publicFields?: readonly string[]
  /** Pure checks across fields, before any write. `row` is the present row of an update. */
  readonly rules?: readonly ((
    draft: Readonly<Record<string, unknown>>,
    row: Row | undefined,
  ) => Issue | readonly Issue[] | undefined)[]
  readonly verbs: {
    readonly list?: true
    readonly retrieve?: true
    readonly create?: true | Operation<CreateInput<A & R>>
    readonly update?: true | Operation<UpdateInput<A & R>>
    readonly delete?: true | Operation<DeleteInput, Readonly<Record<string, unknown>> | undefined>
  }
  readonly actions?: Readonly<Record<string, ActionDefinition>>
  readonly triggers?: Readonly<Record<string, TriggerDefinition>>
}

/** A definition whose type parameters are forgotten, as the registry keeps it. */
// biome-ignore lint/suspicious/noExplicitAny: operations are contravariant in their input; the registry only passes checked input on
export type AnyDefinition = Definition<any, any>

/** Says what a JSON:API type is. See ARCHITECTURE.md, "Adding a resource type". */
export const defineResource = <const A extends Attributes, const R extends Relationships>(
  definition: Definition<A, R>,
): Definition<A, R> => definition
