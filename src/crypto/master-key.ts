import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
const exists = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST'

/** Writes a new key beside `path` and links it there whole, so that no other starter reads half a file; the first wins. */
async function make(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(32).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await link(draft, path).catch((error: unknown) => {
    if (!exists(error)) throw error
  })
  await rm(draft)
}

/** The master key: SECRET_KEY, else what `dataDir/secret.key` holds, which is made (mode 0600) where it is missing.
 *  Any number of instances may start on one directory at once. Throws when the file is there and too short. */
export async function readMasterKey(options: { secretKey?: string | undefined; dataDir: string }): Promise<Buffer> {
  if (options.secretKey !== undefined) return Buffer.from(options.secretKey, 'utf8')
  const path = join(options.dataDir, 'secret.key')
  const text = await readFile(path, 'utf8').catch(async (error: unknown) => {
    if (!missing(error)) throw error
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 })
    await make(path)
    return readFile(path, 'utf8')
  })
  const key = text.trim()
  if (key.length < 32) {
    throw new Error(`${path} holds less than 32 characters. Put the key back from a backup, or set SECRET_KEY to it.`)
  }
  return Buffer.from(key, 'utf8')
}
