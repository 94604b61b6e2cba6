import { createParts } from '../app.js'
import { mustExist, onMigrated, print, type Surroundings } from './environment.js'

interface RotateOptions {
  readonly activateIn: string
  readonly emergency: boolean
  readonly json?: boolean
}

const DAY_SECONDS = 86_400

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 30 * DAY_SECONDS) return seconds
  throw new Error('--activate-in: a whole number of seconds, at most 30 days.')
}

/** `gatehouse keys rotate`: the next signing keys, published now. Running instances hear of it within a second. */
export async function rotateKeys(around: Surroundings, options: RotateOptions): Promise<void> {
  const activateInSeconds = options.emergency ? 0 : secondsOf(options.activateIn)
  mustExist(around)
  await onMigrated(around, async (workplace) => {
    const { keys, clock } = await createParts(workplace)
    const { emergency } = options
    const { kid, identityKid } = await keys.rotate({ now: clock(), activateInSeconds, emergency })
    const when = emergency ? 'now; every older token is dead' : `in ${activateInSeconds} s`
    const data = { kid, identity_kid: identityKid, activate_in: activateInSeconds, emergency }
    print(around.out, options, {
      data,
      text: `Made the keys ${kid} (access tokens) and ${identityKid} (id_tokens), published now, used ${when}.`,
    })
  })
}
