import { randomBytes } from 'node:crypto'
import type { Context } from '../../access/context.js'

/** Labels that stand for a part of the service itself, not for an organization. */
const RESERVED = new Set([
  'auth',
  'provisioning',
  'dashboard',
  'api',
  'www',
  'admin',
  'config',
  'local',
  'localhost',
  'mail',
  'static',
  'docs',
  'status',
  'core',
  'test',
  'live',
])
const MAX_LENGTH = 50

/** Whether a slug stands for a part of the service. */
export const isReserved = (slug: string): boolean => RESERVED.has(slug)

/** A DNS label out of a name: `Café Noir & Co.` → `cafe-noir-co`. */
export function slugOf(name: string): string {
  const ascii = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const label = ascii
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LENGTH)
    .replace(/^-+|-+$/g, '')
  return label === '' ? 'organization' : label
}

/** Takes a slug for an organization that is being founded: that of its name, or with some random letters where it is
 *  reserved or was ever used. Whose it is, is not told. */
export async function claimSlug(
  ctx: Context,
  name: string,
  claim: (slug: string) => Promise<boolean>,
): Promise<string> {
  const base = slugOf(name)
  if (!isReserved(base) && (await claim(base))) return base
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const slug = `${base}-${randomBytes(3).toString('hex')}`
    if (await claim(slug)) return slug
  }
  throw new Error(`no free slug for the request ${ctx.requestId}`)
}
