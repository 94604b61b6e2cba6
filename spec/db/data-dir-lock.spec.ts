import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { type LockHolder, processStart, releaseLock, takeLock } from '../../src/db/data-dir-lock.js'
import { migrationStatus } from '../../src/db/migrate.js'
import { preparedDataDir, temporaryFolder } from '../support/database.js'
import { runScript } from '../support/processes.js'

const open = (dataDir: string): Promise<Database> => connect({ dataDir, poolSize: 1, log: () => undefined })
const holderOf = (pid: number, parentPid = pid): LockHolder => ({
  pid,
  started: processStart(pid) ?? null,
  parentPid,
  parentStarted: processStart(parentPid) ?? null,
  socketDir: '/nowhere',
})
const me = (): LockHolder => holderOf(process.pid)

/** A process that has ended: nobody has its number now, or another process does. */
async function deadPid(): Promise<number> {
  const script = runScript('')
  await script.ended()
  return script.pid
}

describe('a data directory in use', () => {
  let folder: ReturnType<typeof preparedDataDir>
  let db: Database
  let holder: LockHolder
  const mode = (path: string): number => statSync(path).mode & 0o777
  beforeAll(async () => {
    folder = preparedDataDir()
    // What a killed process has left, whose number belongs to this process now.
    writeFileSync(join(folder.path, 'database.lock'), JSON.stringify({ ...me(), started: '1', parentStarted: '1' }))
    db = await open(folder.path)
    holder = JSON.parse(readFileSync(join(folder.path, 'database.lock'), 'utf8'))
  }, 30_000)
  afterAll(() => folder.remove())

  it('is refused to a second process, naming the first one and the directory', async () => {
    const second = open(folder.path)
    await expect(second).rejects.toThrow(`process ${process.pid} is using it`)
    await expect(second).rejects.toThrow(folder.path)
    await expect(db.knex.raw('select 1')).resolves.toBeDefined()
  })

  it('and its lock and its socket are open to no other user', () => {
    const { socketDir } = holder
    expect(readdirSync(socketDir)).toEqual(['.s.PGSQL.5432'])
    const paths = [join(folder.path, 'database.lock'), join(folder.path, 'database'), socketDir]
    expect(paths.map(mode)).toEqual([0o600, 0o700, 0o700])
  })

  it('is given back at the end, and nothing is left of lock and socket', async () => {
    await db.close()
    expect(readdirSync(folder.path)).toEqual(['database'])
    expect(() => statSync(holder.socketDir)).toThrow('ENOENT')
  })

  it('whose first start was interrupted is made again from nothing', async () => {
    writeFileSync(join(folder.path, 'database.unfinished'), '')
    writeFileSync(join(folder.path, 'database', 'PG_VERSION'), 'torn')
    db = await open(folder.path)
    await expect(db.knex.raw('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
    await db.close()
    expect(readdirSync(folder.path)).toEqual(['database'])
  }, 30_000)
})

describe('a new data directory', () => {
  it('begins with the database that the build has made: nothing is left to migrate', async () => {
    const folder = temporaryFolder()
    const db = await open(folder.path)
    const { applied, pending } = await migrationStatus(db)
    expect(pending).toEqual([])
    expect(applied.length).toBeGreaterThan(10)
    await db.close()
    folder.remove()
  }, 30_000)

  it('can be begun by another user than the one who has built it', () => {
    const built = join(process.cwd(), 'dist/embedded-database')
    const paths = readdirSync(built, { recursive: true, encoding: 'utf8' }).map((path) => join(built, path))
    expect(paths.length).toBeGreaterThan(500)
    expect(paths.filter((path) => (statSync(path).mode & 0o004) === 0)).toEqual([])
  })
})

describe('the lock on a data directory', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let file: string
  beforeEach(() => {
    folder = temporaryFolder()
    file = join(folder.path, 'database.lock')
  })
  afterEach(() => folder.remove())

  it('is taken over from a process that has ended', async () => {
    const pid = await deadPid()
    writeFileSync(file, JSON.stringify({ ...holderOf(pid), started: '1', parentStarted: '1' }))
    await expect(takeLock(file, me(), 0)).resolves.toMatchObject({ pid })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(me())
    releaseLock(file, me())
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('is taken over when the number of its process belongs to another process now', async () => {
    writeFileSync(file, JSON.stringify({ ...me(), started: '1', parentStarted: '1' }))
    const stale = await takeLock(file, me(), 0)
    expect(stale?.started).toBe('1')
    releaseLock(file, me())
  })

  it('is taken over when it is unreadable', async () => {
    writeFileSync(file, '{"pid":')
    await takeLock(file, me(), 0)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(me())
  })

  it('waits for an engine whose Gatehouse is gone, then says who is in the way', async () => {
    const engine = runScript('say("up"); setTimeout(() => {}, 60_000)')
    await engine.said('up')
    writeFileSync(file, JSON.stringify({ ...holderOf(engine.pid, await deadPid()), parentStarted: '1' }))
    await expect(takeLock(file, me(), 200)).rejects.toThrow(`process ${engine.pid} is using it`)
    const waiting = takeLock(file, me())
    await engine.kill('SIGKILL')
    await expect(waiting).resolves.toMatchObject({ pid: engine.pid })
  })

  it('goes to exactly one of several that find it stale at once', async () => {
    writeFileSync(file, '{}')
    const script = `
      const { takeLock, processStart } = await load('db/data-dir-lock.js')
      const started = processStart(process.pid)
      const me = { pid: process.pid, started, parentPid: process.pid, parentStarted: started, socketDir: '' }
      await takeLock(args[0], me, 0).then(() => say('mine'), (error) => say(error.message))
      setTimeout(() => {}, 60_000)`
    const takers = Array.from({ length: 5 }, () => runScript(script, [file]))
    try {
      await Promise.all(takers.map((taker) => taker.said('')))
      const winners = takers.filter((taker) => taker.lines[0] === 'mine')
      expect(winners).toHaveLength(1)
      const refusal = `process ${winners[0]?.pid} is using it`
      for (const taker of takers) expect(taker.lines[0]).toMatch(new RegExp(`^(mine|${refusal})`))
    } finally {
      await Promise.all(takers.map((taker) => taker.kill('SIGKILL')))
    }
  })
})
