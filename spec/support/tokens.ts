import { createSecrets } from '../../src/crypto/secrets.js'
import { AppError } from '../../src/errors.js'
import { type AccessClaims, organizationClaims } from '../../src/tokens/claims.js'
import { createKeyRing } from '../../src/tokens/keys.js'
import { createRevocations } from '../../src/tokens/revocations.js'
import { createVerifier } from '../../src/tokens/verify.js'
import { specDatabase } from './database.js'

export const issuer = 'https://auth.gatehouse.test'
export const audience = 'https://provisioning.gatehouse.test/api'
export const organization = { id: 'ABCDEFGHIJ', slug: 'acme', region: 'eu-west-1' }
export const log = { info: () => undefined, error: () => undefined }
export const secrets = createSecrets(Buffer.from('the master key of the specs, which is no secret at all'))

/** Whom the tokens of the specs are for. */
export const subject = {
  applicationId: 'appappappa',
  clientId: 'client-id-of-43-characters-xxxxxxxxxxxxxxxx',
  authenticated: true,
  secretId: 'secretsecr',
  lifetimeSeconds: 7200,
  scope: 'market:all',
  test: true,
  organization,
}

/** Claims of a token that counts now. */
export const claims = (now = new Date()): AccessClaims =>
  organizationClaims('integration', subject, { issuer, audience, now })

/** A segment of a token: JSON, or a text as it is, in base64url. */
export const segment = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** The parts that make and check tokens, on the run's database. */
export async function startTokens() {
  const db = await specDatabase()
  const revocations = createRevocations(db, { log })
  const keys = createKeyRing(db, secrets, { alg: 'RS512', revocations })
  const verifier = createVerifier({ keys, revocations, issuer, audience })
  await revocations.start()
  await keys.start()
  return {
    db,
    revocations,
    keys,
    verifier,
    /** `accepted`, or the kind of the refusal. */
    outcome: async (token: string, now = new Date()): Promise<string> => {
      try {
        await verifier.verify(token, now)
        return 'accepted'
      } catch (error) {
        return error instanceof AppError ? error.kind : `crashed: ${error}`
      }
    },
    header: () => ({ alg: 'RS512', typ: 'JWT', kid: keys.signingKey(new Date()).kid }),
    /** Any header over any payload, rightly signed by our own key. */
    signed: async (header: unknown, payload: unknown): Promise<string> => {
      const input = `${segment(header)}.${segment(payload)}`
      return `${input}.${await keys.signingKey(new Date()).sign(input)}`
    },
    stop: async (): Promise<void> => {
      keys.stop()
      await revocations.stop()
      await db.close()
    },
  }
}

export type Tokens = Awaited<ReturnType<typeof startTokens>>
