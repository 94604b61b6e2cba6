import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** The claim under which the contract's clients say what they want (CONTRACT 5.8). */
export const CLAIMS = 'https://commercelayer.io/claims'

export const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** An assertion as the official client makes one: signed with a word that everybody knows. */
export const contractAssertion = (
  claims: Record<string, unknown>,
  more: Record<string, unknown> = { iat: Math.floor(Date.now() / 1000) },
): Promise<string> =>
  new SignJWT({ [CLAIMS]: claims, ...more } as JWTPayload)
    .setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
    .sign(new TextEncoder().encode('cl'))

/** A key pair of a client, with its public half as it is registered. */
export async function aKey(alg = 'ES256', kid?: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk: JWK = { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid }), alg }
  return { alg, kid, jwk, privateKey, privateJwk: await exportJWK(privateKey) }
}

export type Key = Awaited<ReturnType<typeof aKey>>

/** An assertion that a client signs with its key; a payload member that is undefined is left out. */
export function signed(
  key: Key,
  payload: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const all = { iat: now, exp: now + 120, jti: randomUUID(), ...payload }
  const kid = key.kid === undefined ? {} : { kid: key.kid }
  return new SignJWT(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
    .setProtectedHeader({ alg: key.alg, ...kid, ...header })
    .sign(key.privateKey)
}
