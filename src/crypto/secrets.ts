import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { checksum } from './checksum.js'
import { freshBytes } from './fresh-bytes.js'

/** What we generate and keep; every method is a pure function of the master key. */
export interface Secrets {
  /** A new secret: `prefix`, 43 characters of base64url (256 random bits), 6 of checksum. */
  newSecret(prefix: string): string
  /** What is stored of a secret: HMAC-SHA-256 under the pepper, 64 hex digits. */
  hash(value: string): string
  /** Whether `value` has this stored hash; takes the same time either way. */
  matches(value: string, hash: string): boolean
  /** Encrypts a text for the database (AES-256-GCM, `v1.nonce.tag.text` in base64url). */
  seal(text: string): string
  /** Decrypts what `seal` made. Throws when it was sealed under another master key or tampered with. */
  open(sealed: string): string
  /** Names the master key without telling it; 64 hex digits. */
  readonly fingerprint: string
}

const derive = (masterKey: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', masterKey, 'gatehouse', purpose, 32))

function seal(key: Buffer, text: string): string {
  const nonce = freshBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return ['v1', ...[nonce, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.')
}

function open(key: Buffer, sealed: string): string {
  const [version, ...parts] = sealed.split('.')
  const [nonce, tag, text] = parts.map((part) => Buffer.from(part, 'base64url'))
  // A shortened tag would be a guessable one, so its length is ours to check.
  if (version !== 'v1' || !nonce || !text || tag?.length !== 16) throw new Error('not a sealed text')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAuthTag(tag)
  return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
}

/** Derives the pepper and the sealing key from the master key (HKDF-SHA-256) and binds the functions to them.
 *  Source: DESIGN 3.5 "Storage". */
export function createSecrets(masterKey: Buffer): Secrets {
  const pepper = derive(masterKey, 'pepper 1')
  const sealing = derive(masterKey, 'sealing 1')
  const digest = (value: string): Buffer => createHmac('sha256', pepper).update(value).digest()
  return {
    newSecret: (prefix) => {
      const secret = prefix + randomBytes(32).toString('base64url')
      return secret + checksum(secret)
    },
    hash: (value) => digest(value).toString('hex'),
    matches: (value, hash) => {
      const expected = Buffer.from(hash, 'hex')
      const actual = digest(value)
      return expected.length === actual.length && timingSafeEqual(expected, actual)
    },
    seal: (text) => seal(sealing, text),
    open: (sealed) => open(sealing, sealed),
    fingerprint: derive(masterKey, 'fingerprint 1').toString('hex'),
  }
}
