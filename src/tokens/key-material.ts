import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** Algorithms of access tokens. Source: DECISIONS 4; JWA names, RFC 7518 §3.1 and RFC 8037. */
export type TokenAlg = 'RS512' | 'RS256' | 'ES256' | 'EdDSA'

/** How node:crypto is called for an algorithm. */
const CALLS: Record<TokenAlg, { hash: string | null; offThread: boolean }> = {
  RS512: { hash: 'sha512', offThread: true },
  RS256: { hash: 'sha256', offThread: true },
  // A curve signs in less time than the hand-over to a thread takes (PERFORMANCE 2.4).
  ES256: { hash: 'sha256', offThread: false },
  EdDSA: { hash: null, offThread: false },
}

/** A key pair as it is kept: `kid` is the SHA-256 thumbprint of the public key (RFC 7638) in 64 hex digits. */
export interface KeyPair {
  kid: string
  alg: TokenAlg
  publicJwk: JWK
  /** PKCS #8, PEM. */
  privateKey: string
}

const generate = promisify(generateKeyPair)

async function pairFor(alg: TokenAlg): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (alg === 'ES256') return generate('ec', { namedCurve: 'P-256' })
  if (alg === 'EdDSA') return generate('ed25519')
  return generate('rsa', { modulusLength: 2048 })
}

/** Makes a key pair; RSA keys have 2048 bits (js-auth and the CPU agree on that, PERFORMANCE 2.1). */
export async function makeKeyPair(alg: TokenAlg): Promise<KeyPair> {
  const pair = await pairFor(alg)
  const publicJwk = pair.publicKey.export({ format: 'jwk' }) as JWK
  const kid = Buffer.from(await calculateJwkThumbprint(publicJwk, 'sha256'), 'base64url').toString('hex')
  return {
    kid,
    alg,
    publicJwk: { ...publicJwk, kid, alg, use: 'sig' },
    privateKey: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

/** Makes key pairs. */
export type MakeKeyPair = (alg: TokenAlg) => Promise<KeyPair>

/** Begins to make pairs now and hands each of them out once; what was not begun is made when it is asked for. Finding
 *  primes takes seconds of another thread, in which the caller can open a database. */
export function makeAhead(algs: readonly TokenAlg[]): MakeKeyPair {
  const begun = algs.map((alg) => ({ alg, pair: makeKeyPair(alg) }))
  // Whoever asks for a pair gets its failure too; until then nobody is there to hear of it.
  for (const { pair } of begun) pair.catch(() => undefined)
  return (alg) => {
    const at = begun.findIndex((one) => one.alg === alg)
    return begun.splice(at, at < 0 ? 0 : 1)[0]?.pair ?? makeKeyPair(alg)
  }
}

/** Signs the ASCII of `input`; the answer is the signature's JWS form (RFC 7515 §5.1), in base64url: at once where no thread
 *  is asked. */
export type SignText = (input: string) => string | Promise<string>

/** Binds a private key (PKCS #8, PEM) to its algorithm. */
export function signerOf(alg: TokenAlg, pem: string): SignText {
  const key = createPrivateKey(pem)
  const { hash, offThread } = CALLS[alg]
  // Where a thread would wait for the same core, the hand-over is lost, and passwords stand before signatures in its queue.
  if (!offThread || availableParallelism() === 1) {
    return (input) => sign(hash, Buffer.from(input, 'latin1'), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  }
  return (input) =>
    new Promise((resolve, reject) => {
      sign(hash, Buffer.from(input), key, (error, signature) => {
        if (error) reject(error)
        else resolve(signature.toString('base64url'))
      })
    })
}

/** Whether `signature` (base64url) is this key's over the ASCII of `input`. */
export type VerifyText = (input: string, signature: string) => boolean

/** Binds a public key to its algorithm; the algorithm is the key's own, never the token's word. */
export function verifierOf(alg: TokenAlg, publicJwk: JWK): VerifyText {
  const key = createPublicKey({ key: publicJwk as Record<string, unknown>, format: 'jwk' })
  const { hash } = CALLS[alg]
  return (input, signature) => {
    const bytes = Buffer.from(signature, 'base64url')
    // Only the one way of writing these bytes: otherwise one token has many texts.
    if (bytes.toString('base64url') !== signature) return false
    return verify(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, bytes)
  }
}
