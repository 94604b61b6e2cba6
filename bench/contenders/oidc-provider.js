// oidc-provider with JWT access tokens by resource indicator, its memory adapter or one on PostgreSQL (DATABASE_URL).
import { generateKeyPairSync, randomInt } from 'node:crypto'
import Provider from 'oidc-provider'
import { accessLog, serve } from './log.js'
import { postgresAdapter } from './oidc-adapter.js'

const { alg, clientId, secret, claims } = JSON.parse(process.env.JOB)
const AUDIENCE = 'http://localhost:3000/api'
const rsa = alg.startsWith('RS')
const { privateKey } = rsa
  ? generateKeyPairSync('rsa', { modulusLength: 2048 })
  : generateKeyPairSync('ec', { namedCurve: 'P-256' })
const client = {
  client_id: clientId,
  client_secret: secret,
  grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['http://localhost:8080/callback'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_post',
  id_token_signed_response_alg: alg,
}
// What our token says and the standard claims do not: the same bytes have to be signed.
const { iss, sub, aud, iat, exp, jti, client_id, scope, ...others } = claims
const adapter = process.env.DATABASE_URL ? await postgresAdapter(process.env.DATABASE_URL, client) : undefined

const provider = new Provider('http://localhost:3000', {
  ...(adapter ? { adapter } : {}),
  clients: adapter ? [] : [client],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg, use: 'sig' }] },
  scopes: ['openid', 'offline_access', scope],
  enabledJWA: { idTokenSigningAlgValues: [alg] },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: { ClientCredentials: 7200, AccessToken: 7200, RefreshToken: 1_209_600, Grant: 1_209_600 },
  extraTokenClaims: () => ({ ...others, rand: randomInt(1e9) / 1e9 }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope,
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 7200,
        jwt: { sign: { alg } },
      }),
    },
  },
  findAccount: (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
})

/** Refresh tokens for the load to begin with: made by the library's own models. */
if (process.env.REFRESH) {
  const made = []
  for (let count = Number(process.env.REFRESH); count > 0; count -= 1) {
    const found = await provider.Client.find(clientId)
    const grant = new provider.Grant({ accountId: `person${count}`, clientId })
    grant.addResourceScope(AUDIENCE, scope)
    grant.addOIDCScope('offline_access')
    const grantId = await grant.save()
    const token = new provider.RefreshToken({
      client: found,
      accountId: `person${count}`,
      grantId,
      scope: `offline_access ${scope}`,
      resource: AUDIENCE,
      gty: 'authorization_code',
      claims: {},
      rotations: 0,
      authTime: 1,
    })
    made.push(await token.save())
  }
  process.send({ refreshTokens: made })
}

const log = accessLog()
const handle = provider.callback()
const { createServer } = await import('node:http')
serve(
  createServer((req, res) => {
    log(req, res)
    handle(req, res)
  }),
)
