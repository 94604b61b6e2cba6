// The bare limit of the token endpoint: node:http, one HMAC for the secret, one signature, nothing else. It checks no
// scope, asks no revocations and knows one client.
import { createHmac, generateKeyPairSync, randomBytes, randomInt, sign, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { accessLog, serve } from './log.js'

const { alg, clientId, secret, claims } = JSON.parse(process.env.JOB)
const rsa = alg.startsWith('RS')
const { privateKey, publicKey } = rsa
  ? generateKeyPairSync('rsa', { modulusLength: 2048 })
  : generateKeyPairSync('ec', { namedCurve: 'P-256' })
const hash = alg === 'RS512' ? 'sha512' : 'sha256'
const pepper = randomBytes(32)
const hmac = (text) => createHmac('sha256', pepper).update(text).digest()
const kept = hmac(secret)
const kid = randomBytes(32).toString('hex')
const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT', kid })).toString('base64url')
const log = accessLog()

function mint() {
  const iat = Math.floor(Date.now() / 1000)
  const body = {
    ...claims,
    iat,
    exp: iat + 7200,
    rand: randomInt(1e9) / 1e9,
    jti: `${claims.jti.split('.')[0]}.${randomBytes(16).toString('base64url')}`,
  }
  const input = `${header}.${Buffer.from(JSON.stringify(body)).toString('base64url')}`
  const signature = sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return {
    access_token: `${input}.${signature.toString('base64url')}`,
    token_type: 'bearer',
    expires_in: 7200,
    scope: claims.scope,
    created_at: iat,
  }
}

const server = createServer((req, res) => {
  if (req.url === '/jwks')
    return res.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg }] }))
  log(req, res)
  const chunks = []
  req.on('data', (chunk) => chunks.push(chunk))
  req.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const known = form.get('client_id') === clientId && timingSafeEqual(hmac(form.get('client_secret') ?? ''), kept)
    const body = JSON.stringify(known ? mint() : { error: 'invalid_client' })
    res.writeHead(known ? 200 : 401, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Content-Length': Buffer.byteLength(body),
    })
    res.end(body)
  })
})
serve(server)
