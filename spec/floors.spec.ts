import { describe, expect, test } from '@jest/globals'
import { type Node, type SourceFile, type SourceFunction, sources } from './support/sources.js'

/** Rooms by floor, from the ground. A room is a folder of src/ or a file beside the folders. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors', 'ids', 'in-step', 'version'],
  // Of ours it uses the one error that all parts throw.
  ['crypto'],
  ['config'],
  ['db'],
  ['tokens', 'outbox'],
  ['limits', 'metrics'],
  ['access', 'oauth'],
  ['jsonapi', 'http'],
  ['resources'],
  ['jobs', 'pages'],
  ['app'],
  ['commands', 'main'],
]

/** Rooms that a room may not use although they are below it. */
const CLOSED_TO: Readonly<Record<string, readonly string[]>> = {
  jsonapi: ['oauth'],
  http: ['oauth'],
  resources: ['oauth', 'http'],
  jobs: ['oauth'],
}

/** Where a rule does not hold, and why. A path that no longer breaks its rule must leave its list. */
const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  parameters: {
    'errors.ts entry': 'a row of the table of kinds, which is read by columns',
    'http/jsonapi-errors.ts createJsonApiErrors': 'express knows an error handler by its four parameters',
    'http/oauth-errors.ts createOAuthErrors': 'express knows an error handler by its four parameters',
    'pages/error.tsx createPageErrors': 'express knows an error handler by its four parameters',
  },
}

const RAW_ROOMS = ['db', 'access', 'tokens', 'outbox', 'limits', 'jobs', 'oauth/client-store.ts', 'oauth/owners.ts']
const CLOCK_ROOMS = ['access/context.ts', 'oauth/server.ts', 'tokens', 'jobs']
const ENVIRONMENT_FILES = ['main.ts']

const files = sources()

const roomOf = (path: string): string => path.split('/')[0]?.replace(/\.ts$/, '') ?? ''
const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room))
const isIn = (path: string, rooms: readonly string[]): boolean =>
  rooms.some((room) => path === room || path.startsWith(`${room}/`))
const excepted = (rule: string, name: string): boolean => Object.hasOwn(EXCEPTIONS[rule] ?? {}, name)

/** Every import of one of our files by another, as `from -> to`. */
const imports = files.flatMap((file) => file.imports.map((to) => ({ from: file.path, to })))

const functions = files.flatMap((file) => file.functions.map((one) => ({ ...one, path: file.path })))
const named = ({ path, name }: { path: string; name: string }): string => `${path} ${name}`

function found(rule: (node: Node, file: SourceFile) => boolean): { path: string; line: number }[] {
  return files.flatMap((file) => {
    const lines: { path: string; line: number }[] = []
    file.visit((node, line) => {
      if (rule(node, file)) lines.push({ path: file.path, line })
    })
    return lines
  })
}

const isMember = (node: Node, object: string, property: string): boolean =>
  node.type === 'MemberExpression' && node.object?.value === object && node.property?.value === property

describe('DESIGN 3.2 floors: a file imports only from floors below, or from its own room', () => {
  test('every file stands on a floor', () => {
    expect(files.map(({ path }) => path).filter((path) => floorOf(roomOf(path)) < 0)).toEqual([])
    expect(files.length).toBeGreaterThan(100)
  })

  test('every import of ours leads to a file of ours', () => {
    const known = new Set(files.map(({ path }) => path))
    expect(imports.filter(({ to }) => !known.has(to))).toEqual([])
    expect(imports.length).toBeGreaterThan(200)
  })

  test('nothing is imported from above, or from a neighbour on the same floor', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [here, there] = [roomOf(from), roomOf(to)]
      // commands is what main starts: the two make the top floor together.
      return here !== there && floorOf(there) >= floorOf(here) && !(here === 'main' && there === 'commands')
    })
    expect(wrong).toEqual([])
  })

  test('the wings stay ignorant of each other: the engine, the plane, the resources and the jobs know no oauth/', () => {
    const wrong = imports.filter(({ from, to }) => CLOSED_TO[roomOf(from)]?.includes(roomOf(to)))
    expect(wrong).toEqual([])
  })

  test('one resource folder uses operations of another, never its resource.ts; only the list knows the definitions', () => {
    const isDefinition = (path: string): boolean => /^resources\/[^/]+\/resource\.ts$/.test(path)
    const folder = (path: string): string => path.split('/').slice(0, 2).join('/')
    const wrong = imports.filter(({ from, to }) => {
      if (from === 'resources/index.ts') return false
      return (
        (isDefinition(to) && folder(from) !== folder(to)) ||
        (from.startsWith('resources/') && to === 'resources/index.ts')
      )
    })
    expect(wrong).toEqual([])
  })

  test('no file imports itself, however long the way round', () => {
    const byFile = new Map(files.map((file) => [file.path, file.imports]))
    const circles: string[] = []
    const done = new Set<string>()
    const follow = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '))
      else if (!done.has(path)) {
        for (const next of byFile.get(path) ?? []) follow(next, [...way, path])
        done.add(path)
      }
    }
    for (const { path } of files) follow(path, [])
    expect(circles).toEqual([])
  })
})

describe('DESIGN 3.2 sharpenings', () => {
  test('raw table access stands only where the door is made: an operation gets rows from ctx.scope', () => {
    const isRaw = (node: Node): boolean => {
      if (node.type !== 'CallExpression') return false
      const { callee } = node
      const handle = (one: Node): boolean =>
        ['knex', 'trx'].includes(one?.value) || (one?.type === 'MemberExpression' && one.property?.value === 'knex')
      return (
        handle(callee) ||
        (callee.type === 'MemberExpression' && (handle(callee.object) || callee.property?.value === 'raw'))
      )
    }
    const all = found(isRaw)
    expect(all.filter(({ path }) => !isIn(path, RAW_ROOMS))).toEqual([])
    expect(all.length).toBeGreaterThan(10)
  })

  test('process.env is read by main.ts alone: all else is handed its configuration', () => {
    const all = found((node) => isMember(node, 'process', 'env'))
    expect(all.filter(({ path }) => !isIn(path, ENVIRONMENT_FILES))).toEqual([])
    expect(all.length).toBeGreaterThan(0)
  })

  test('the clock is read where requests, tokens and jobs begin: all else is handed `now`', () => {
    const readsClock = (node: Node): boolean =>
      isMember(node, 'Date', 'now') ||
      (node.type === 'NewExpression' && node.callee?.value === 'Date' && (node.arguments ?? []).length === 0) ||
      (node.type === 'CallExpression' && node.callee?.value === 'Date')
    const all = found(readsClock)
    expect(all.filter(({ path }) => !isIn(path, CLOCK_ROOMS))).toEqual([])
    expect(all.length).toBeGreaterThan(0)
  })

  test('there is no helpers/, utils/, common/ or types/: a name says what is in it', () => {
    const names = files.flatMap(({ path }) => path.replace(/\.ts$/, '').split('/'))
    const wrong = names.filter((name) => /^(helpers?|utils?|common|misc|shared)$/.test(name))
    const folders = files.flatMap(({ path }) => path.split('/').slice(0, -1)).filter((name) => /^types?$/.test(name))
    expect([...wrong, ...folders]).toEqual([])
  })
})

describe('DESIGN 4 sizes and names', () => {
  /** A factory holds its functions as a file does: each that has a name of its own is counted on its own. */
  function ownLines(outer: SourceFunction & { path: string }): number {
    const end = outer.line + outer.lines
    const inside = functions.filter(
      (one) =>
        one.path === outer.path && one.line > outer.line && one.line + one.lines <= end && one.name !== '(anonymous)',
    )
    const covered = new Set(inside.flatMap((one) => Array.from({ length: one.lines }, (_, index) => one.line + index)))
    return outer.lines - covered.size
  }

  test('files have at most 200 lines: over it, split by reason', () => {
    const long = files.filter(({ lines }) => lines.length > 200)
    expect(long.map(({ path, lines }) => `${path} ${lines.length}`)).toEqual([])
  })

  test('functions have at most 40 lines of their own', () => {
    const long = functions.filter((one) => ownLines(one) > 40)
    expect(long.map((one) => `${named(one)} ${ownLines(one)}`)).toEqual([])
  })

  test('functions have at most 3 parameters, then an object', () => {
    const wide = functions.filter((one) => one.parameters > 3 && !excepted('parameters', enclosing(one)))
    expect(wide.map((one) => `${one.path}:${one.line} ${one.name} ${one.parameters}`)).toEqual([])
  })

  test('exports have names', () => {
    const defaults = found((node) => /^ExportDefault/.test(node.type) || node.type === 'ExportDefaultSpecifier')
    expect(defaults).toEqual([])
  })

  test('every exported function has a docstring', () => {
    const bare = functions.filter((one) => one.exported && !one.documented)
    expect(bare.map((one) => `${one.path}:${one.line} ${one.name}`)).toEqual([])
    expect(functions.filter((one) => one.exported).length).toBeGreaterThan(150)
  })

  test('files are kebab-case', () => {
    expect(files.map(({ path }) => path).filter((path) => !/^([a-z0-9-]+\/)*[a-z0-9-]+\.tsx?$/.test(path))).toEqual([])
  })

  test('an exception that nothing needs any more is taken off its list', () => {
    const needed = functions.filter((one) => one.parameters > 3).map(enclosing)
    expect(Object.keys(EXCEPTIONS.parameters ?? {}).filter((name) => !needed.includes(name))).toEqual([])
  })

  /** The exported function in which a function without a name of its own stands. */
  function enclosing(inner: SourceFunction & { path: string }): string {
    const outer = functions
      .filter(
        (one) => one.path === inner.path && one.line <= inner.line && one.line + one.lines >= inner.line + inner.lines,
      )
      .find((one) => one.exported)
    return named(outer ?? inner)
  }
})
