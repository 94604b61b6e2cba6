/** Characters of a password that a person chooses: at least, and at most. Source: NIST SP 800-63B §3.1.1.2 */
export const SHORTEST_PASSWORD = 8
export const LONGEST_PASSWORD = 1000

/** What is wrong with a password that somebody wants. */
export type PasswordFault = 'too_short' | 'too_long' | 'too_common' | 'own_address'

/** The faults in words, for the person. */
export const PASSWORD_FAULTS: Readonly<Record<PasswordFault, string>> = {
  too_short: `Too short: it needs ${SHORTEST_PASSWORD} characters at least.`,
  too_long: `Too long: it may have ${LONGEST_PASSWORD} characters at most.`,
  too_common: 'Many people use this one, so it would be among the first to be tried. Choose another.',
  own_address: 'This is your address. Choose something that others do not know.',
}

let common: Promise<ReadonlySet<string>> | undefined

/** Half a megabyte that a process needs only when somebody chooses a password. */
async function loadCommon(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const words = dictionary['passwords-common'].map((word) => word.toLowerCase())
  return new Set(words.filter((word) => word.length >= SHORTEST_PASSWORD))
}

/** Whether a password may be chosen: long enough, not among the commonest, not the address of its own account. There are no
 *  rules of composition. Sources: NIST SP 800-63B §3.1.1.2; ATTACKS S1
 *  @returns what is wrong with it, if anything */
export async function passwordFault(password: string, email?: string): Promise<PasswordFault | undefined> {
  // A character has two code units at most: what is far too long is not even looked at.
  if (password.length > 2 * LONGEST_PASSWORD) return 'too_long'
  const characters = [...password.normalize('NFKC')]
  if (characters.length < SHORTEST_PASSWORD) return 'too_short'
  if (characters.length > LONGEST_PASSWORD) return 'too_long'
  const plain = characters.join('').toLowerCase()
  if (email !== undefined && [email, email.split('@')[0]].includes(plain)) return 'own_address'
  common ??= loadCommon()
  return (await common).has(plain) ? 'too_common' : undefined
}
