import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readMasterKey } from '../../src/crypto/master-key.js'

let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-key-'))
})

afterEach(() => rm(dataDir, { recursive: true, force: true }))

describe('the master key', () => {
  test('SECRET_KEY wins and nothing is written', async () => {
    const key = await readMasterKey({ secretKey: 'from the environment, 32 characters', dataDir })
    expect(key.toString()).toBe('from the environment, 32 characters')
    expect(await readdir(dataDir)).toEqual([])
  })

  test('F15 ten starters on one empty directory end with one key in one file of mode 0600', async () => {
    const deep = join(dataDir, 'not', 'there', 'yet')
    const keys = await Promise.all(Array.from({ length: 10 }, () => readMasterKey({ dataDir: deep })))
    expect(new Set(keys.map(String)).size).toBe(1)
    expect(await readdir(deep)).toEqual(['secret.key'])
    const path = join(deep, 'secret.key')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await readFile(path, 'utf8')).trim()).toBe(String(keys[0]))
    expect(String(await readMasterKey({ dataDir: deep }))).toBe(String(keys[0]))
  })

  test('a damaged file stops the start with a text that says how to repair it', async () => {
    await writeFile(join(dataDir, 'secret.key'), 'short\n')
    await expect(readMasterKey({ dataDir })).rejects.toThrow(/secret\.key holds less than 32 characters.*backup/)
  })
})
