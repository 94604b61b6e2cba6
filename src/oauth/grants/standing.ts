import { AppError } from '../../errors.js'
import { itemsOf } from '../../tokens/registered-scopes.js'
import type { Revocations } from '../../tokens/revocations.js'
import type { Parameters } from '../parameters.js'

/** What was granted at some time and is to be used now. */
interface Granted {
  readonly organizationId: string | undefined
  readonly applicationId: string | undefined
  readonly createdAt: Date
}

/** Whether the organization or the application was suspended, disabled or deleted since something was granted, though it
 *  may be back: what ended then stays ended. People and seats end their families themselves, by trigger. */
export function isCutOff(
  { organizationId, applicationId, createdAt }: Granted,
  { revocations }: { revocations: Pick<Revocations, 'isRevoked'> },
): boolean {
  const topics = [
    ...(organizationId === undefined ? [] : [`organization:${organizationId}`]),
    ...(applicationId === undefined ? [] : [`credential:${applicationId}`]),
  ]
  return revocations.isRevoked(topics, Math.floor(createdAt.getTime() / 1000))
}

const sameItems = (one: string, other: string): boolean => {
  const [these, those] = [new Set(itemsOf(one)), new Set(itemsOf(other))]
  return these.size === those.size && [...these].every((item) => those.has(item))
}

/** Checks what a request may repeat of an earlier one: it may be left out, and must not differ.
 *  @throws AppError invalid_scope, invalid_target. Source: CONTRACT 5.4; RFC 8707 §2.2 */
export function checkRepeated(
  parameters: Parameters,
  granted: { readonly scope: string; readonly resource: string | undefined },
  audience: string,
): void {
  const scope = parameters.get('scope')
  if (scope !== undefined && !sameItems(scope, granted.scope)) {
    throw new AppError('invalid_scope', { detail: 'The scope must be the one that was agreed to, or be left out.' })
  }
  checkResource(parameters, granted.resource, audience)
}

/** Checks that no other resource server is asked for than the one granted; without one that is our own API, `audience`.
 *  @throws AppError invalid_target */
export function checkResource(parameters: Parameters, granted: string | undefined, audience: string): void {
  const resource = parameters.get('resource')
  if (resource === undefined || resource === (granted ?? audience)) return
  throw new AppError('invalid_target', { detail: 'The resource must be the one that was agreed to, or be left out.' })
}
