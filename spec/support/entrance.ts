import { createAccount } from '../../src/access/accounts.js'
import { hashPassword } from '../../src/crypto/passwords.js'
import { newId } from '../../src/ids.js'
import type { Browser, Page } from './browser.js'
import type { Service } from './service.js'

/** A password that follows the rules. */
export const PASSWORD = 'a long walk by the sea'

/** An address that nobody has. */
export const newAddress = (): string => `${newId().toLowerCase()}@example.com`

/** A person who has an account with PASSWORD. */
export async function aSignedUp(service: Service, email = newAddress()) {
  const passwordHash = await hashPassword(PASSWORD, service.config.bcryptCost)
  const person = { email, firstName: 'Ada', lastName: 'Byron', passwordHash, now: service.parts.clock() }
  return createAccount(service.db.knex, service.parts.secrets, person)
}

/** Fills in the sign-in page.  @returns what it answers: a redirect when all went well */
export async function signIn(
  browser: Browser,
  person: { email: string; password?: string },
  options: { path?: string; headers?: Record<string, string> } = {},
): Promise<Page> {
  const { path = '/login', headers = {} } = options
  const { email, password = PASSWORD } = person
  return browser.submit(await browser.get(path, headers), { email, password }, { headers })
}

/** Who is signed in with a browser, by its cookie. */
export async function whoIsIn(service: Service, browser: Browser): Promise<string | undefined> {
  const token = browser.cookies.get('__Host-gatehouse_session')
  return token === undefined ? undefined : (await service.parts.sessions.find(token, service.parts.clock()))?.userId
}

/** A page without what is another in every answer: the proofs of its forms. */
export const plain = ({ html }: Page): string =>
  html.replaceAll(/name="(csrf|step)" value="[^"]*"/g, 'name="$1"').replaceAll(/[a-z]{10}@example\.com/g, 'ADDRESS')
