import { createPublicKey, verify } from 'node:crypto'

const HASH = { ES256: 'sha256', RS256: 'sha256', RS512: 'sha512' }
const parse = (segment) => JSON.parse(Buffer.from(segment, 'base64url').toString())

/** Asks a contender for one token and checks that it does the job that is timed: the algorithm, a 2048-bit key where it is
 *  RSA, the signature by its published keys, the claims, and about as many bytes as `bytes`.  Throws an Error else. */
export async function proveToken({ port, path, jwks, form }, { alg, bytes }) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: new URLSearchParams(form) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${text}`)
  const token = JSON.parse(text).access_token
  const [header, payload, signature] = token.split('.')
  const { keys } = await (await fetch(`http://127.0.0.1:${port}${jwks}`)).json()
  const { kid, alg: said } = parse(header)
  const jwk = keys.find((one) => one.kid === kid)
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const input = Buffer.from(`${header}.${payload}`)
  const right = verify(HASH[alg], input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  const claims = parse(payload)
  const faults = [
    said !== alg && `alg ${said}`,
    !right && 'the signature',
    key.asymmetricKeyDetails.modulusLength !== undefined &&
      key.asymmetricKeyDetails.modulusLength !== 2048 &&
      'the key size',
    ![claims.aud].flat().includes('http://localhost:3000/api') && 'aud',
    !(claims.exp - claims.iat >= 7199) && 'the lifetime',
    claims.organization === undefined && 'the claims',
    bytes !== undefined && Math.abs(token.length / bytes - 1) > 0.05 && `${token.length} bytes instead of ${bytes}`,
  ].filter(Boolean)
  if (faults.length > 0) throw new Error(`this contender does another job: ${faults.join(', ')}`)
  return { bytes: token.length, claims }
}
