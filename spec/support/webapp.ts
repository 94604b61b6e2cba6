import { organizationClaims } from '../../src/tokens/claims.js'
import { mintToken } from '../../src/tokens/mint.js'
import { api, type Owner } from './api.js'
import type { Service } from './service.js'

/** A caller with a token of a webapp, signed by the service's own key as the authorization-code grant signs one. */
export async function asWebapp(
  service: Service,
  options: {
    owner: Owner
    application: { id: string; clientId: string }
    userId: string
    scope?: string
    sessionId?: string
  },
) {
  const { owner, application, userId, scope = 'provisioning-api', sessionId } = options
  const { keys, clock } = service.parts
  const now = clock()
  const claims = organizationClaims(
    'webapp',
    {
      applicationId: application.id,
      clientId: application.clientId,
      authenticated: true,
      lifetimeSeconds: 7200,
      scope,
      test: true,
      organization: { id: owner.organizationId, slug: owner.organization.attributes.slug, region: 'eu-west-1' },
      owner: { id: userId, type: 'User' },
      sessionId,
    },
    { issuer: service.config.issuer, audience: service.config.apiUrl, now },
  )
  const token = await mintToken(keys, claims, now)
  return api(service, token)
}
