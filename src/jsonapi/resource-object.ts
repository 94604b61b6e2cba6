import type { Loaded } from './related.js'

type Json = Record<string, unknown>

/** A resource object, written. Most of its text is links, which are the same for all objects of a shape but for the id: they
 *  are not made anew for each, to be read again by JSON.stringify (docs/performance.md). */
export class ResourceObject {
  constructor(
    readonly id: string,
    /** As text or, where it goes out again and again, as the bytes that are sent. */
    readonly written: string | Buffer,
  ) {}

  /** The same, as bytes. */
  encoded(): ResourceObject {
    return new ResourceObject(this.id, Buffer.from(this.written))
  }

  /** For whoever writes it as a part of something else. */
  toJSON(): Json {
    return JSON.parse(this.written.toString())
  }
}

// Stands for an object's own URL: no URL has it, and JSON writes it as six characters.
const SELF = '\u0000'
const WRITTEN_SELF = '\\u0000'

/** A value as text, in pieces between which an object's own URL belongs. */
type Template = readonly string[]

const templateOf = (text: string): Template => text.split(WRITTEN_SELF)

/** Makes what writes the links and relationships of an object, by its own URL (as it stands in JSON) and what was loaded
 *  along its relationships; `names` are those that are shown. */
export function createTail(names: readonly string[]): (self: string, loaded: Loaded['links']) => string {
  // Without its last bracket, before which linkage may stand.
  const members = names.map((name): readonly [string, string] => {
    const member = { links: { self: `${SELF}/relationships/${name}`, related: `${SELF}/${name}` } }
    return [name, JSON.stringify({ [name]: member }).slice(1, -2)]
  })
  const links = `,"links":${JSON.stringify({ self: SELF })}`
  const [open, close] = names.length === 0 ? [links, ''] : [`${links},"relationships":{`, '}']
  const bare = templateOf(`${open}${members.map(([, text]) => `${text}}`).join(',')}${close}`)
  const head = templateOf(open)
  const each = members.map(([name, text]) => [name, templateOf(text)] as const)

  return (self, loaded) => {
    if (loaded.size === 0) return bare.join(self)
    const written = each.map(([name, text]) => `${text.join(self)}${linkageOf(loaded.get(name))}}`)
    return `${head.join(self)}${written.join(',')}${close}`
  }
}

/** What says which resource is meant, without showing it. */
export const identifier = ({ resource, row }: Loaded): Json => ({ type: resource.type, id: row.id })

function linkageOf(related: Loaded | null | readonly Loaded[] | undefined): string {
  if (related === undefined) return ''
  if (related === null) return ',"data":null'
  return `,"data":${JSON.stringify('row' in related ? identifier(related) : related.map(identifier))}`
}

type Pieces = (string | Buffer)[]

const COMMA = Buffer.from(',')

function piecesOf(value: unknown): Pieces {
  if (value instanceof ResourceObject) return [value.written]
  if (!Array.isArray(value) || !(value[0] instanceof ResourceObject)) return [JSON.stringify(value)]
  const pieces: Pieces = ['[']
  for (const { written } of value as ResourceObject[]) pieces.push(written, ',')
  pieces[pieces.length - 1] = ']'
  return pieces
}

function bytesOf(pieces: Pieces): Buffer {
  if (pieces.every((piece) => typeof piece === 'string')) return Buffer.from(pieces.join(''))
  return Buffer.concat(
    pieces.map((piece) => (piece === ',' ? COMMA : typeof piece === 'string' ? Buffer.from(piece) : piece)),
  )
}

/** Writes a document: as JSON.stringify does, but for the resource objects at its top, which are written already. */
export function writeDocument(document: Json): Buffer {
  const pieces: Pieces = []
  for (const [name, value] of Object.entries(document)) {
    if (value === undefined) continue
    pieces.push(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(name)}:`, ...piecesOf(value))
  }
  return bytesOf([...pieces, '}'])
}
