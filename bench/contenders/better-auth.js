// better-auth with its OAuth provider plugin on PostgreSQL: machine-to-machine JWTs for a registered resource.
import { createHash, randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import pg from 'pg'
import { accessLog, serve } from './log.js'

const { alg, clientId, secret, claims } = JSON.parse(process.env.JOB)
const AUDIENCE = 'http://localhost:3000/api'
const { iss, sub, aud, iat, exp, jti, client_id, scope, ...others } = claims
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })

const options = {
  database: pool,
  baseURL: 'http://localhost:3000',
  secret: 'bench-bench-bench-bench-bench-bench-bench-bench',
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  disabledPaths: ['/token'],
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg } }, disableSettingJwtHeader: true }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: ['openid', 'offline_access', scope],
      resources: [{ identifier: AUDIENCE, accessTokenTtl: 7200, allowedScopes: [scope] }],
      m2mAccessTokenExpiresIn: 7200,
      enforcePerClientResources: false,
      storeClientSecret: 'hashed',
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      customAccessTokenClaims: () => ({ ...others, rand: randomInt(1e9) / 1e9 }),
    }),
  ],
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
const auth = betterAuth(options)
const { adapter } = await auth.$context
const known = await adapter.findOne({ model: 'oauthClient', where: [{ field: 'clientId', value: clientId }] })
if (!known) {
  const now = new Date()
  await adapter.create({
    model: 'oauthClient',
    data: {
      clientId,
      clientSecret: createHash('sha256').update(secret).digest('base64url'),
      name: 'bench',
      redirectUris: ['http://localhost:8080/callback'],
      grantTypes: ['client_credentials'],
      tokenEndpointAuthMethod: 'client_secret_post',
      clientCredentialsScopes: [scope],
      scopes: [scope],
      disabled: false,
      createdAt: now,
      updatedAt: now,
    },
  })
}
const log = accessLog()
const handle = toNodeHandler(auth)
serve(
  createServer((req, res) => {
    log(req, res)
    handle(req, res)
  }),
)
