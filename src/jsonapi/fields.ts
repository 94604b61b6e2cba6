/** The five things that may be done to a field. What is not named is refused. */
export type Can = 'create' | 'update' | 'read' | 'filter' | 'sort'

export type FieldKind = 'string' | 'integer' | 'number' | 'boolean' | 'datetime' | 'object' | 'list'
export type Format = 'email' | 'url' | 'redirect_uri' | 'color' | 'slug' | 'subject' | 'time_zone' | 'region' | 'code'

/** Values of the deployment that a computed column may use. */
export interface Deployment {
  readonly domain: string
}

export interface FieldOptions {
  readonly can: readonly Can[]
  /** One sentence for the API reference. */
  readonly doc: string
  readonly required?: boolean
  /** Whether `null` may be written (and clears the value). */
  readonly nullable?: boolean
  /** What is shown: another column, or SQL made from constants and the deployment. What is written goes to the
   *  attribute's own column all the same. */
  readonly from?: string | ((deployment: Deployment) => string)
  readonly format?: Format
  /** A string that the table keeps in lower case (by a constraint: `column = lower(column)`). */
  readonly lower?: true
  /** Length of a string, value of a number, items of a list. */
  readonly min?: number
  readonly max?: number
  /** What a create without it gets, and what `null` puts back. */
  readonly default?: unknown
  /** A value that is the same for everybody and stands in no column. */
  readonly constant?: unknown
  /** Shown once, in the answer that made it; stands in no column and is null ever after. */
  readonly once?: boolean
  /** Taken and never shown: operations keep what is made of it. Stands in no column that the door shows. */
  readonly writeOnly?: boolean
  readonly example?: unknown
}

export interface Attribute<T = unknown, O extends FieldOptions = FieldOptions> {
  readonly kind: FieldKind
  readonly values?: readonly string[]
  readonly options: O
  /** Carries the type only; never set. */
  readonly type?: T
}

type FieldMaker<T> = <const O extends FieldOptions>(options: O) => Attribute<T, O>
const field =
  <T>(kind: FieldKind): FieldMaker<T> =>
  (options) => ({ kind, options })

export const string = field<string>('string')
export const integer = field<number>('integer')
export const number = field<number>('number')
export const boolean = field<boolean>('boolean')
/** ISO 8601 with milliseconds and `Z`. */
export const datetime = field<string>('datetime')
export const object = field<Record<string, unknown>>('object')
/** A list of strings. */
export const list = field<string[]>('list')

/** One of several words. */
export const oneOf = <const V extends readonly string[], const O extends FieldOptions>(
  values: V,
  options: O,
): Attribute<V[number], O> => ({ kind: 'string', values, options })

/** Attributes that every type has. Source: CONTRACT 3. */
export const common = {
  created_at: datetime({
    can: ['read', 'filter', 'sort'],
    doc: 'When it was made.',
    example: '2026-01-02T03:04:05.678Z',
  }),
  updated_at: datetime({
    can: ['read', 'filter', 'sort'],
    doc: 'When it was last changed.',
    example: '2026-01-02T03:04:05.678Z',
  }),
  reference: string({
    can: ['create', 'update', 'read', 'filter', 'sort'],
    nullable: true,
    doc: 'Your own key for it, e.g. its id in another system.',
    example: 'ANY-EXTERNAL-REFERENCE',
  }),
  reference_origin: string({
    can: ['create', 'update', 'read', 'filter', 'sort'],
    nullable: true,
    doc: 'Where the reference comes from.',
    example: 'ANY-EXTERNAL-REFERENCE-ORIGIN',
  }),
  metadata: object({
    can: ['create', 'update', 'read', 'filter'],
    nullable: true,
    default: {},
    doc: 'Anything you want to keep with it.',
    example: { foo: 'bar' },
  }),
} as const

export interface RelationshipOptions {
  readonly can: readonly Can[]
  readonly doc: string
  /** To-one: the column of this row that holds the target's id. To-many: the column of the target's row that holds ours. */
  readonly key: string
  readonly required?: boolean
  /** To-many only: the table of pairs between the two, as the door knows it, and its columns for our id and theirs.
   *  `key` is then the target's `id`. */
  readonly through?: { readonly subject: string; readonly near: string; readonly far: string }
  /** To-many only: what the target's row must hold besides, e.g. the type that a version is of. */
  readonly where?: Readonly<Record<string, string>>
}

export interface Relationship<M extends boolean = boolean, O extends RelationshipOptions = RelationshipOptions> {
  readonly target: string
  readonly many: M
  readonly options: O
}

/** Another resource that this row points at, by an id of its own. */
export const toOne = <const O extends RelationshipOptions>(target: string, options: O): Relationship<false, O> => ({
  target,
  many: false,
  options,
})
/** Other resources whose rows point at this one. */
export const toMany = <const O extends RelationshipOptions>(target: string, options: O): Relationship<true, O> => ({
  target,
  many: true,
  options,
})
