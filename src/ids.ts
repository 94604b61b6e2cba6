import { randomBytes, randomInt } from 'node:crypto'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What an id looks like; anything else is refused before it reaches a query. Source: DECISIONS 6. */
export const ID_PATTERN = /^[A-Za-z]{10}$/

/** A new record id: ten random letters (57 bits; uniqueness is the primary key's business). */
export function newId(): string {
  let id = ''
  for (let i = 0; i < 10; i += 1) id += LETTERS[randomInt(LETTERS.length)]
  return id
}

/** A new OAuth `client_id`: 43 characters of base64url, 32 random bytes. Source: CONTRACT 2.3. */
export const newClientId = (): string => randomBytes(32).toString('base64url')
