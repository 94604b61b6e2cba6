import type { Job } from './job.js'

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3600

/** Makes the next signing keys when those in use are KEY_ROTATION_DAYS old. They are published an hour before their first
 *  use, far longer than anybody may keep the JWKS; the old ones stay until the last token that they can have signed has
 *  ended, and are then forgotten. */
export const rotateKeys: Job = {
  name: 'rotate-keys',
  everySeconds: HOUR_SECONDS,
  async run({ keys, now, log, keyRotationDays }) {
    await keys.forget(new Date(now.getTime() - DAY_SECONDS * 1000))
    if (keyRotationDays === 0) return
    const maxAgeSeconds = keyRotationDays * DAY_SECONDS
    const made = await keys.rotateOlderThan({ now, maxAgeSeconds, activateInSeconds: HOUR_SECONDS })
    if (made.length > 0) log.info({ kids: made }, 'the next signing keys are published')
  },
}
