import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connect } from '../../src/db/connect.js'
import { preparedDataDir } from '../support/database.js'
import { runScript } from '../support/processes.js'

/** Writes rows one after the other and says each one's number once the database has acknowledged it. */
const WRITER = `
  const { connect } = await load('db/connect.js')
  const { startEmbedded } = await load('db/embedded.js')
  const db = await connect({ dataDir: args[0], poolSize: 1, log: (line) => say('log ' + line) })
  await db.knex.raw('create table if not exists acknowledged (n bigint primary key, filler text not null)')
  const { readdirSync, readFileSync } = await import('node:fs')
  say('engine ' + JSON.parse(readFileSync(args[0] + '/database.lock', 'utf8')).pid)
  for (let n = Number(args[1]); ; n++) {
    try {
      await db.knex('acknowledged').insert({ n, filler: 'x'.repeat(n % 3000) })
      say('row ' + n)
    } catch (error) {
      say('failed ' + n)
      await new Promise((later) => setTimeout(later, 50))
    }
  }`

let folder: ReturnType<typeof preparedDataDir>
beforeEach(() => {
  folder = preparedDataDir()
})
afterEach(() => folder.remove())

const numbers = (lines: string[]): number[] =>
  lines.filter((line) => line.startsWith('row ')).map((line) => Number(line.slice(4)))

async function stored(): Promise<Set<number>> {
  const db = await connect({ dataDir: folder.path, poolSize: 1, log: () => undefined })
  try {
    return new Set(await db.knex('acknowledged').pluck('n'))
  } finally {
    await db.close()
  }
}

const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms))

describe('kill -9 of the embedded database', () => {
  it.each([
    ['of Gatehouse', (_: number, kill: () => Promise<void>) => kill()],
    [
      'of Gatehouse and its engine at once',
      (engine: number, kill: () => Promise<void>) => {
        process.kill(engine, 'SIGKILL')
        return kill()
      },
    ],
  ])(
    '%s loses nothing that was acknowledged, three times in a row',
    async (_name, crash) => {
      const acknowledged: number[] = []
      for (let round = 1; round <= 3; round++) {
        const writer = runScript(WRITER, [folder.path, String(round * 100_000)])
        const engine = Number((await writer.said('engine')).slice(7))
        await writer.said(`row ${round * 100_000 + 50}`)
        await pause(round * 60)
        await crash(engine, () => writer.kill('SIGKILL'))
        const rows = numbers(writer.lines)
        expect(rows.length).toBeGreaterThan(50)
        acknowledged.push(...rows)
        const found = await stored()
        expect(acknowledged.filter((n) => !found.has(n))).toEqual([])
      }
    },
    60_000,
  )

  it('of the engine alone loses nothing, and it is started again under the running Gatehouse', async () => {
    const writer = runScript(WRITER, [folder.path, '0'])
    const engine = Number((await writer.said('engine')).slice(7))
    await writer.said('row 50')
    process.kill(engine, 'SIGKILL')
    await writer.said('failed')
    const before = numbers(writer.lines).length
    await writer.said(`row ${numbers(writer.lines).length + 60}`)
    await writer.kill('SIGKILL')
    const rows = numbers(writer.lines)
    const found = await stored()
    expect(rows.length).toBeGreaterThan(before)
    expect(rows.filter((n) => !found.has(n))).toEqual([])
  }, 60_000)
})
