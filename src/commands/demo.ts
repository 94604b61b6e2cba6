import { randomInt } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { isNew } from '../access/accounts.js'
import type { PartsOptions } from '../app.js'
import { type DemoCredentials, makeDemo } from './demo-world.js'
import { onMigrated, print, type Surroundings } from './environment.js'

const FILE = 'demo-credentials.json'

/** The three lines to paste. Each stands alone: none needs what another has left in the shell. */
function curlLines({ base_url: base, owner, sales_channel: channel }: DemoCredentials): string[] {
  const token = (credential: string): string =>
    `curl -s ${base}/oauth/token -d grant_type=client_credentials ${credential}`
  const only = `sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'`
  const get = (path: string, credential: string): string =>
    `curl -s ${base}/api/${path} -H "Authorization: Bearer $(${token(credential)} | ${only})"`
  const asOwner = `-d client_id=${owner.client_id} -d client_secret=${owner.client_secret}`
  return [token(asOwner), get('organizations', asOwner), get('application', `-d client_id=${channel.client_id}`)]
}

/** Where the demo is reached from this machine, whatever DOMAIN says. */
const baseUrl = (port: number): string => `http://localhost:${port}`

/** What the terminal says of a new demo; the lines to paste are indented. */
function words(credentials: DemoCredentials, where: string): string {
  const [token, organizations, application] = curlLines(credentials)
  return `
The demo organization "${credentials.organization.slug}" is ready. Its credentials are ${where}.

A token for the owner:

  ${token}

The owner's organizations, with such a token:

  ${organizations}

What a storefront (client id only) sees of itself:

  ${application}
`
}

async function writeForOwnerOnly(path: string, text: string): Promise<void> {
  const draft = `${path}.new`
  const file = await open(draft, 'w', 0o600)
  try {
    // A draft that was there keeps its mode unless told.
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  // Whole or not at all: a reader never meets half a file.
  await rename(draft, path)
}

/** Makes the demo on a new embedded database and writes DATA_DIR/demo-credentials.json (mode 0600).
 *  @returns what to tell the terminal; undefined, with nothing done, on a database that has anything in it */
export async function demoOnFirstStart(options: PartsOptions): Promise<string | undefined> {
  const { config, db } = options
  if (!(await isNew(db.knex))) return undefined
  const path = join(config.dataDir, FILE)
  const credentials = { base_url: baseUrl(config.port), ...(await makeDemo(options, '')) }
  await writeForOwnerOnly(path, `${JSON.stringify(credentials, null, 2)}\n`)
  return `${words(credentials, `in ${path}`)}\n`
}

/** `gatehouse demo`: the same on any database, with the credentials on stdout and nowhere else. */
export async function demo(around: Surroundings, options: { json?: boolean }): Promise<void> {
  const data = await onMigrated(around, async (workplace): Promise<DemoCredentials> => {
    const suffix = (await isNew(workplace.db.knex)) ? '' : `-${randomInt(1e9).toString(36)}`
    return { base_url: baseUrl(workplace.config.port), ...(await makeDemo(workplace, suffix)) }
  })
  const text = `${JSON.stringify(data, null, 2)}\n${words(data, 'above; they exist nowhere else')}`
  print(around.out, options, { data, text })
}
