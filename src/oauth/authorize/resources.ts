import type { Config } from '../../config.js'
import { AppError } from '../../errors.js'
import type { Client } from '../clients.js'

/** What decides for which resource servers tokens may be asked. */
export type ResourceSettings = Pick<Config, 'apiUrl' | 'issuer' | 'domain' | 'resources'>

/** The resource server that a request names (RFC 8707): undefined for none, and for our own API, which every token is for.
 *  Known are this service, the commerce API of the client's organization, and what RESOURCES lists.
 *  @throws AppError invalid_target. Source: RFC 8707 §2; CHECKLISTS 9700-08 */
export function resourceOf(
  named: string | undefined,
  client: Pick<Client, 'organization'>,
  { apiUrl, issuer, domain, resources }: ResourceSettings,
): string | undefined {
  if (named === undefined || named === apiUrl) return undefined
  const scheme = new URL(apiUrl).protocol
  const own = client.organization === undefined ? [] : [`${scheme}//${client.organization.slug}.${domain}/api`]
  if ([issuer, ...own, ...resources].includes(named)) return named
  throw new AppError('invalid_target', { detail: 'The resource is not one that this server issues tokens for.' })
}
