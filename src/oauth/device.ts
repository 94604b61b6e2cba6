import { randomInt } from 'node:crypto'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import { isTaken } from '../db/errors.js'
import { AppError } from '../errors.js'
import type { DeviceCodes } from '../tokens/device-codes.js'
import { type ResourceSettings, resourceOf } from './authorize/resources.js'
import type { Clients } from './clients.js'
import { CLIENT_PARAMETERS, readCredentials } from './credentials.js'
import { grantScope, type Subjects } from './scopes.js'
import type { TokenRequest } from './server.js'

/** Every body parameter that the endpoint for devices reads. */
export const DEVICE_PARAMETERS: ReadonlySet<string> = new Set(['scope', 'resource', ...CLIENT_PARAMETERS])

/** The answer to a device. Source: RFC 8628 §3.2 */
export interface DeviceAnswer {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  /** Seconds. */
  expires_in: number
  /** Seconds between two questions. */
  interval: number
}

/** No vowels, so that no words come about; nothing that looks like something else. Eight of twenty: 34 bits. §6.1 */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
const LIFE_SECONDS = 900
const INTERVAL_SECONDS = 5
const PREFIX = 'gh_device_'
const ATTEMPTS = 5

const newUserCode = (): string => Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')

/** As people are shown a code: `BCDF-GHJK`. */
export const shownCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`

/** What somebody typed, as a code: case, dashes and spaces do not matter. */
export const typedCode = (typed: string): string => typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')

/** The keyed hash of a person's code. It is kept apart from those of device codes: neither can stand for the other. */
export const hashUserCode = (secrets: Pick<Secrets, 'hash'>, code: string): string => secrets.hash(`user_code\n${code}`)

interface DeviceParts {
  readonly clients: Clients
  readonly secrets: Pick<Secrets, 'newSecret' | 'hash'>
  readonly deviceCodes: DeviceCodes
  readonly config: Pick<Config, 'pagesUrl'> & ResourceSettings
  readonly subjects: Subjects
}

type NewCode = Omit<Parameters<DeviceCodes['save']>[0], 'userCodeHash'>

/** Keeps a code under a person's code that no other device has.  @returns that one */
async function saveUnderNewUserCode(code: NewCode, { secrets, deviceCodes }: DeviceParts): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const userCode = newUserCode()
    try {
      await deviceCodes.save({ ...code, userCodeHash: hashUserCode(secrets, userCode) })
      return userCode
    } catch (error) {
      if (!isTaken(error) || attempt === ATTEMPTS) throw error
    }
  }
}

/** Begins the sign-in of a device that has no browser.
 *  Throws what authenticating throws, `unauthorized_client`, `invalid_scope`, `invalid_target`. Source: RFC 8628 §3.1, §3.2; RFC 8707 §2 */
export async function answerDeviceRequest(
  { parameters, authorization, now }: TokenRequest,
  parts: DeviceParts,
): Promise<DeviceAnswer> {
  const { clients, secrets, config, subjects } = parts
  const client = await clients.authenticate(readCredentials(authorization, parameters), now)
  if (client.kind !== 'webapp' && client.kind !== 'dashboard')
    throw new AppError('unauthorized_client', { detail: 'This application acts for itself: nobody signs in to it.' })
  const scope = grantScope(parameters.get('scope'), client, subjects)
  const resource = resourceOf(parameters.get('resource'), client, config)
  const deviceCode = secrets.newSecret(PREFIX)
  const expiresAt = new Date(now.getTime() + LIFE_SECONDS * 1000)
  const kept = { hash: secrets.hash(deviceCode), clientId: client.clientId, scope, resource, now, expiresAt }
  const userCode = shownCode(await saveUnderNewUserCode({ ...kept, intervalSeconds: INTERVAL_SECONDS }, parts))
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: `${config.pagesUrl}/device`,
    verification_uri_complete: `${config.pagesUrl}/device?user_code=${userCode}`,
    expires_in: LIFE_SECONDS,
    interval: INTERVAL_SECONDS,
  }
}
