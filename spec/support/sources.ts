import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { parseSync } from '@swc/core'

// biome-ignore lint/suspicious/noExplicitAny: the parser's tree has a hundred kinds of node; the rules look at a few
export type Node = any

/** A function of a source file. */
export interface SourceFunction {
  readonly name: string
  readonly line: number
  readonly lines: number
  readonly parameters: number
  readonly exported: boolean
  readonly documented: boolean
}

/** One file of src/, parsed. `path` is relative to src/, with slashes. */
export interface SourceFile {
  readonly path: string
  readonly lines: readonly string[]
  /** Files of ours that it imports, as paths like `path`. */
  readonly imports: readonly string[]
  readonly functions: readonly SourceFunction[]
  /** Calls the visitor with every node and its line. */
  visit(visitor: (node: Node, line: number) => void): void
}

const ROOT = join(process.cwd(), 'src')
const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'Constructor',
  'MethodProperty',
])

function paths(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? paths(path) : /\.tsx?$/.test(path) ? [path] : []
  })
}

function isDocumented(lines: readonly string[], line: number): boolean {
  let above = line - 2
  // A linter's instruction may stand between a function and its docstring.
  while (lines[above]?.trim().startsWith('// biome-ignore')) above -= 1
  if (!lines[above]?.trim().endsWith('*/')) return false
  while (above >= 0 && !lines[above]?.includes('/*')) above -= 1
  return lines[above]?.trim().startsWith('/**') ?? false
}

/** Walks the tree: `named` is what a variable, property or method gives its function as a name. */
function walk(node: Node, see: (node: Node, named: string, parents: readonly string[]) => void): void {
  const step = (one: Node, named: string, parents: readonly string[]): void => {
    if (Array.isArray(one)) {
      for (const item of one) step(item, named, parents)
      return
    }
    if (typeof one !== 'object' || one === null) return
    let name = named
    if (typeof one.type === 'string') {
      name =
        one.identifier?.value ?? one.key?.value ?? (one.type === 'VariableDeclarator' ? one.id?.value : undefined) ?? ''
      see(one, FUNCTIONS.has(one.type) && name === '' ? named : name, parents)
      if (name === '') name = FUNCTIONS.has(one.type) ? '' : named
    }
    const below = typeof one.type === 'string' ? [...parents, one.type] : parents
    for (const [key, value] of Object.entries(one)) if (key !== 'span') step(value, name, below)
  }
  step(node, '', [])
}

const isExported = (parents: readonly string[]): boolean => {
  const last = parents.filter((type) => type !== 'VariableDeclaration' && type !== 'VariableDeclarator').at(-1)
  return last === 'ExportDeclaration' || last === 'ExportDefaultDeclaration' || last === 'ExportDefaultExpression'
}

/** A file of ours by the path that an import gives it, without its ending. */
const sourceOf = (path: string): string => (existsSync(join(ROOT, `${path}.tsx`)) ? `${path}.tsx` : `${path}.ts`)

function parse(file: string): SourceFile {
  const text = readFileSync(file, 'utf8').replace(/^#!/, '//')
  const bytes = Buffer.from(text)
  // The parser's offsets run on from file to file and count bytes: the semicolon put in front says where this one begins.
  const tree: Node = parseSync(`;${text}`, { syntax: 'typescript', tsx: file.endsWith('.tsx'), target: 'es2022' })
  const [{ span: first }] = tree.body
  const starts = [0]
  for (const [index, byte] of bytes.entries()) if (byte === 10) starts.push(index + 1)
  const lineAt = (offset: number): number => {
    const at = offset - first.start - 1
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return low + 1
  }
  const path = relative(ROOT, file).split(sep).join('/')
  const lines = text.split('\n')
  const imports: string[] = []
  const functions: SourceFunction[] = []
  walk(tree, (node, name, parents) => {
    const source: unknown = /^(Import|Export\w*)Declaration$/.test(node.type) ? node.source?.value : undefined
    if (typeof source === 'string' && source.startsWith('.')) {
      imports.push(sourceOf(posix.normalize(posix.join(dirname(path), source)).replace(/\.js$/, '')))
    }
    if (!FUNCTIONS.has(node.type)) return
    const method: Node = node.type === 'ClassMethod' ? node.function : node
    const line = lineAt(node.span.start)
    const exported = isExported(parents)
    functions.push({
      name: name || '(anonymous)',
      line,
      lines: lineAt(node.span.end - 1) - line + 1,
      parameters: (method.params ?? method.parameters ?? []).length,
      exported,
      documented: !exported || isDocumented(lines, statementLine(lines, line)),
    })
  })
  return {
    path,
    lines: lines.at(-1) === '' ? lines.slice(0, -1) : lines,
    imports,
    functions,
    visit: (visitor) => walk(tree, (node) => visitor(node, node.span ? lineAt(node.span.start) : 0)),
  }
}

/** The line where the statement of an exported function begins: an arrow function may begin below its name. */
function statementLine(lines: readonly string[], line: number): number {
  let at = line
  while (at > 1 && !/^export\b/.test(lines[at - 1] ?? '')) at -= 1
  return at
}

/** Every file of src/. */
export const sources = (): SourceFile[] => paths().sort().map(parse)
