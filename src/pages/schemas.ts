import { type Request, type Response, Router } from 'express'
import { AppError } from '../errors.js'
import { headersOf } from '../limits/openapi.js'
import { organizationConfigSchema } from '../resources/organizations/config-schema.js'

const PATH = '/public/schemas/organization_config'

/** The part of the OpenAPI document for what is public under /api. */
export const schemaPaths = {
  [PATH]: {
    get: {
      operationId: 'organization_config_schema',
      summary: 'The JSON Schema (2020-12) of `organizations.config`',
      tags: ['organizations'],
      security: [],
      responses: {
        '200': {
          description: 'The schema.',
          headers: headersOf(),
          content: { 'application/schema+json': { schema: { type: 'object' } } },
        },
        '429': { $ref: '#/components/responses/TooManyRequests' },
        '4XX': { $ref: '#/components/responses/Refused' },
      },
    },
  },
}

/** Serves public schemas, to anybody and to browsers too. Mount it under /api, before authentication. */
export function createSchemas(): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get(PATH, (_req: Request, res: Response) => {
    res.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=3600' })
    res.set('Content-Type', 'application/schema+json').send(JSON.stringify(organizationConfigSchema))
  })
  router.all(PATH, () => {
    throw new AppError('method_not_allowed', { detail: 'Use GET here.', headers: { Allow: 'GET, HEAD' } })
  })
  return router
}
