import { z } from 'zod'
import type { Secrets } from '../crypto/secrets.js'
import type { Visit } from './visit.js'

/** A sign-in whose password was right and whose second factor is still to come. */
export interface Step {
  readonly userId: string
  readonly email: string
  readonly returnTo: string
  /** The network that the password came from, if the person has signed in from it before. */
  readonly knownNetwork: string | undefined
  /** The keyed hash of the hash that the password was checked against. */
  readonly checked: string
  /** When the password was right. */
  readonly since: Date
  /** Wrong codes so far. */
  readonly tries: number
}

const PURPOSE = 'two_factor'
const LIFE_MS = 300_000

const sealed = z.object({
  purpose: z.literal(PURPOSE),
  browserId: z.string(),
  userId: z.string(),
  email: z.string(),
  returnTo: z.string(),
  knownNetwork: z.string().optional(),
  checked: z.string(),
  since: z.iso.datetime(),
  tries: z.number(),
})

/** Seals a step for the form of this browser: nothing is kept on the server, and nobody is signed in by it. */
export function sealStep(secrets: Pick<Secrets, 'seal'>, visit: Visit, step: Step): string {
  return secrets.seal(JSON.stringify({ purpose: PURPOSE, browserId: visit.browserId, ...step }))
}

/** Reads a step back; undefined when it is older than five minutes, of another browser, or something else that we have
 *  sealed. Source: ATTACKS C11, R6 */
export function openStep(secrets: Pick<Secrets, 'open'>, visit: Visit, text: string | undefined): Step | undefined {
  let plain: unknown
  try {
    plain = JSON.parse(secrets.open(text ?? ''))
  } catch {
    return undefined
  }
  const { data } = sealed.safeParse(plain)
  if (data === undefined || data.browserId !== visit.browserId) return undefined
  const { userId, email, returnTo, knownNetwork, checked, tries } = data
  const since = new Date(data.since)
  const age = visit.now.getTime() - since.getTime()
  return age >= 0 && age <= LIFE_MS ? { userId, email, returnTo, knownNetwork, checked, since, tries } : undefined
}
