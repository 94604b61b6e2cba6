import {
  HEADERS,
  HUGE_VALUES,
  JSON_VALUES,
  METHODS,
  PATH_IDS,
  QUERIES,
  QUERY_VALUES,
  RAW_BODIES,
  SHAPES,
} from './fuzz-values.js'

// biome-ignore lint/suspicious/noExplicitAny: documents of every shape are built and broken here
type Json = any

/** One request as it goes on the wire. */
export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string | Buffer
  /** What was done to it, for the report. */
  readonly what: string
}

/** One operation of the OpenAPI description. */
export interface Operation {
  readonly method: string
  /** Below the plane's base, e.g. `/roles/{id}`. */
  readonly template: string
  readonly tag: string
  readonly requestBody?: { readonly content: Record<string, { schema: Json }> }
}

/** What the generator needs of the world: real ids by type, names to filter and sort by, a caller. */
export interface FuzzWorld {
  readonly base: '/api' | ''
  readonly ids: Readonly<Record<string, readonly string[]>>
  readonly attributes: readonly string[]
  /** Names of filters that the endpoint's rows can be filtered by, e.g. `role_name_cont`. */
  readonly filters: readonly string[]
  readonly headers: Record<string, string>
  readonly schemas: Record<string, Json>
  /** A good document, where the schema cannot say one. */
  readonly document?: Json
  /** A good form or JSON body of the OAuth plane. */
  readonly parameters?: Record<string, string>
}

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Makes hostile requests of one operation, one after another. */
export function createFuzzer(operation: Operation, world: FuzzWorld, random: () => number) {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const chance = (share: number): boolean => random() < share

  const idOf = (type: string): string => pick(world.ids[type] ?? ['AAAAAAAAAA'])
  const own = operation.template.split('/')[1] ?? ''
  /** The row that the request is about: a body must name the one that the path names. */
  let subject = idOf(own)
  /** Whether documents have only what they must have. */
  let least = false
  const resolve = (schema: Json): Json =>
    schema?.$ref ? resolve(world.schemas[schema.$ref.split('/').at(-1)]) : schema

  /** A good value of a schema; `type` is the JSON:API type that stands beside an id. */
  function example(given: Json, type = ''): Json {
    const schema = resolve(given)
    if (schema.oneOf) return example(schema.oneOf[0], type)
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return schema.enum[0]
    if (schema.pattern?.includes('{10}')) return type === own ? subject : idOf(type)
    if (schema.format === 'email') return `${pick(['a', 'b'])}${Math.floor(random() * 1e9)}@example.com`
    if (schema.examples) return schema.examples[0]
    const kind = [schema.type].flat()[0]
    if (kind === 'object') {
      const below = resolve(schema.properties?.type)?.const ?? type
      const names = Object.keys(schema.properties ?? {}).filter((name) => !least || schema.required?.includes(name))
      const made = (name: string): Json =>
        name === 'code' ? `c${Math.floor(random() * 1e9)}` : example(schema.properties[name], below)
      return Object.fromEntries(names.map((name) => [name, made(name)]))
    }
    if (kind === 'array') return []
    if (kind === 'integer' || kind === 'number') return schema.minimum ?? 7200
    if (kind === 'boolean') return false
    if (schema.format === 'uri') return 'https://example.com/callback'
    return schema.format === 'date-time' ? '2030-01-01T00:00:00.000Z' : 'x'
  }

  function path(hostile: boolean): string {
    const holes = operation.template.split('/').map((step) => {
      if (step === '{id}') return hostile && chance(0.8) ? pick(PATH_IDS) : subject
      return hostile && step !== '' && chance(0.1) ? pick(PATH_IDS) : step
    })
    const whole = world.base + holes.join('/')
    return hostile && chance(0.2)
      ? pick([
          `/${whole}`,
          `${whole}/`,
          `${whole}//`,
          whole.toUpperCase(),
          `${whole}/relationships`,
          `${whole}/x/y/z`,
          `${whole}.json`,
        ])
      : whole
  }

  function query(): string {
    if (chance(0.5)) return pick(QUERIES)
    const parameters = Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
      const odd = `${pick(world.attributes)}_or_${pick(world.attributes)}_${pick(['eq', 'cont', 'gt', 'in', 'no_such'])}`
      const filter = `filter[q][${chance(0.9) && world.filters.length > 0 ? pick(world.filters) : odd}]`
      const others = ['include', 'sort', `fields[${pick(Object.keys(world.ids))}]`, 'page[number]', 'page[size]']
      const name = chance(0.7) ? filter : pick([...others, 'confirm', 'reassign_to'])
      return `${chance(0.5) ? encodeURIComponent(name) : name}=${pick([...QUERY_VALUES, ...world.attributes])}`
    })
    return parameters.join('&')
  }

  /** Every place of a document, as a list of keys. */
  function places(value: Json, at: readonly string[] = []): string[][] {
    if (typeof value !== 'object' || value === null) return [[...at]]
    return [[...at], ...Object.entries(value).flatMap(([key, one]) => places(one, [...at, key]))]
  }

  /** A copy with a mark in one place. */
  function withMark(document: Json, keys: readonly string[]): Json {
    const [key, ...rest] = keys
    if (key === undefined) return '@@'
    const copy = Array.isArray(document) ? [...document] : { ...document }
    copy[key] = withMark(document[key], rest)
    return copy
  }

  /** Breaks a good document in one or two places; the text, because not every hostile value is a JavaScript value. */
  function broken(good: Json): { text: string; what: string } {
    const copy = structuredClone(good)
    const marks: string[] = []
    const done: string[] = []
    const mark = (value: string): string => `@@${marks.push(value) - 1}@@`
    for (let left = chance(0.3) ? 2 : 1; left > 0; left -= 1) {
      const all = places(copy).filter((keys) => keys.length > 0)
      const leaves = all.filter((keys) => keys.length > 2)
      if (all.length === 0) break
      const keys = pick(leaves.length > 0 && chance(0.8) ? leaves : all)
      const holder = keys.slice(0, -1).reduce((one, key) => one?.[key], copy)
      const last = keys.at(-1) ?? ''
      if (typeof holder !== 'object' || holder === null) continue
      const value = chance(0.025) ? pick(HUGE_VALUES) : pick(JSON_VALUES)
      const how = pick(['replace', 'replace', 'replace', 'replace', 'replace', 'remove', 'add', 'wrap'])
      if (how === 'remove') delete holder[last]
      else if (how === 'wrap') holder[last] = [holder[last]]
      else if (how === 'add')
        holder[
          pick([
            'x',
            'constructor',
            'toString',
            'a/b~',
            'id',
            'type',
            'data',
            'organization_id',
            'owner',
            'kind',
            'deleted_at',
            '',
          ])
        ] = mark(value)
      else holder[last] = mark(value)
      done.push(`${how} ${keys.join('.')} ${how === 'replace' || how === 'add' ? value.slice(0, 60) : ''}`)
    }
    const text = JSON.stringify(copy) ?? ''
    return { text: text.replaceAll(/"@@(\d+)@@"/g, (_, index) => marks[Number(index)] ?? ''), what: done.join('; ') }
  }

  function goodBody(): Json {
    if (world.document) return structuredClone(world.document)
    const [media] = Object.values(operation.requestBody?.content ?? {})
    return world.parameters ? { ...world.parameters } : media && example(media.schema)
  }

  function withBody(request: FuzzRequest): FuzzRequest {
    const good = goodBody()
    if (good === undefined || chance(0.15))
      return { ...request, body: pick(RAW_BODIES), what: `${request.what} raw body` }
    if (world.parameters && chance(0.5)) return form(request, good)
    const { text, what } = broken(good)
    return { ...request, body: text, what: `${request.what} body: ${what}` }
  }

  function form(request: FuzzRequest, good: Record<string, string>): FuzzRequest {
    const pairs = Object.entries(good).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const name = pick(Object.keys(good))
    const value = pick([...QUERY_VALUES, 'x'.repeat(100_000)])
    const added = pick([
      `${name}=${value}`,
      `${name}[]=x`,
      `${name}[a]=x`,
      `x=${value}`,
      '%00=1',
      '%ff',
      '&&&',
      '__proto__=1',
      '=',
    ])
    const kept = chance(0.7) ? pairs.filter((pair) => !pair.startsWith(`${name}=`)) : pairs
    const headers = { ...request.headers, 'content-type': 'application/x-www-form-urlencoded' }
    return {
      ...request,
      headers,
      body: [...kept, added].join('&'),
      what: `${request.what} form: ${added.slice(0, 60)}`,
    }
  }

  const good = (): FuzzRequest => ({
    method: operation.method,
    path: path(false),
    headers: { ...world.headers },
    what: '',
  })

  return {
    /** A document that the operation should take, with only what it must have. */
    leastBody(): Json {
      least = true
      const body = goodBody()
      least = false
      return body
    },
    /** Every body that is no document, and a good document with every shape of value in every place; where `thorough` says
     *  no, with two of them. */
    everyShape(thorough: (keys: readonly string[]) => boolean): FuzzRequest[] {
      const raw = [...RAW_BODIES, HUGE_VALUES.at(-1) ?? ''].map((body) => ({ ...good(), body, what: 'raw body' }))
      const document: Json = goodBody() ?? {}
      const shaped = places(document).flatMap((keys) =>
        (thorough(keys) ? SHAPES : [pick(SHAPES), pick(SHAPES)]).map((shape): FuzzRequest => {
          const body = JSON.stringify(withMark(document, keys)).replace('"@@"', shape)
          return { ...good(), body, what: `${keys.join('.')} is ${shape}` }
        }),
      )
      return [...raw, ...shaped]
    },
    /** The next request; `index` makes sure that each kind of attack has its turn. */
    next(index: number): FuzzRequest {
      const writes = operation.requestBody !== undefined || operation.method === 'DELETE'
      const kind = ['query', 'path', 'body', 'headers', 'body', 'query', 'body', 'method'][index % 8]
      subject = idOf(own)
      const request = good()
      const document = (): string | undefined => (writes ? JSON.stringify(goodBody() ?? {}) : undefined)
      if (kind === 'body' && writes) return withBody(request)
      if (kind === 'path') return { ...request, path: path(true), ...bodyOf(document()), what: 'path' }
      if (kind === 'headers')
        return { ...request, headers: { ...request.headers, ...pick(HEADERS) }, ...bodyOf(document()), what: 'headers' }
      if (kind === 'method')
        return {
          ...request,
          method: pick(METHODS),
          ...bodyOf(chance(0.5) ? '{"data":null}' : undefined),
          what: 'method',
        }
      return { ...request, path: `${request.path}?${query()}`, ...bodyOf(document()), what: 'query' }
    },
  }
}

const bodyOf = (body: string | undefined): { body?: string } => (body === undefined ? {} : { body })
