import { createParts } from '../app.js'
import { mustExist, onMigrated, print, type Surroundings } from './environment.js'

const WHAT = { access: 'access token', identity: 'id_token' }

/** `gatehouse keys withdraw KID`: ends one signing key. Running instances hear of it within a second. */
export async function withdrawKey(around: Surroundings, kid: string, options: { json?: boolean }): Promise<void> {
  mustExist(around)
  await onMigrated(around, async (workplace) => {
    const { keys, clock } = await createParts(workplace)
    const purpose = await keys.withdraw(kid, clock())
    if (purpose === undefined) throw new Error(`No living key has the id ${kid}: /.well-known/jwks.json lists them.`)
    const data = { kid, purpose }
    print(around.out, options, { data, text: `Withdrew key ${kid}: every ${WHAT[purpose]} that it signed is dead.` })
  })
}
