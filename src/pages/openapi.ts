import type { Config } from '../config.js'
import { healthPaths } from '../http/openapi.js'
import { openApiParts } from '../jsonapi/openapi.js'
import type { Registry } from '../jsonapi/registry.js'
import { oauthParts } from '../oauth/openapi.js'
import { VERSION } from '../version.js'
import { schemaPaths } from './schemas.js'

type Addresses = Pick<Config, 'apiUrl' | 'issuer'>

/** The description of the service at its public address: OpenAPI 3.1, from the definitions. */
export function describeApi(registry: Registry, { apiUrl, issuer }: Addresses): Record<string, unknown> {
  const { paths, components, tags } = openApiParts(registry)
  const auth = Object.entries({ ...oauthParts.paths, ...healthPaths }).map(([path, item]) => {
    return [path, { servers: [{ url: issuer, description: 'Authorization server' }], ...(item as object) }]
  })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version: VERSION,
      summary: 'Identity, credentials and provisioning for headless commerce',
      description:
        'JSON:API 1.1 resources, filtered by each token’s scopes and by the role behind it; OAuth 2.0 tokens.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: apiUrl, description: 'Provisioning API' }],
    security: [{ bearer: [] }],
    tags: [
      { name: 'oauth', description: 'Tokens.' },
      ...tags,
      { name: 'service', description: 'For those who run it.' },
    ],
    paths: { ...Object.fromEntries(auth), ...paths, ...schemaPaths },
    components: {
      ...components,
      schemas: { ...(components.schemas as object), ...oauthParts.schemas },
      responses: { ...(components.responses as object), ...oauthParts.responses },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

/** The same as YAML: what `openapi.yaml` holds. */
export async function openApiYaml(registry: Registry, addresses: Addresses): Promise<string> {
  // At first use: a start need not wait for it.
  const { stringify } = await import('yaml')
  return stringify(describeApi(registry, addresses), { lineWidth: 110, aliasDuplicateObjects: false })
}
