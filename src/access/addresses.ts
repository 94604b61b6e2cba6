const LONGEST = 254
// One address, plain: no list, no display name, no control characters, no trailing dot (ATTACKS S10).
const ADDRESS = /^[^\s@,;<>"()[\]\\\p{Cc}\p{Cf}]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/iu

/** How an address is spelled, whether it is one or not: without blanks around it, composed (NFC), in lower case. */
export const spelled = (text: string): string => text.trim().normalize('NFC').toLowerCase()

/** The one spelling of an e-mail address under which its account is kept, looked up, counted and written to; undefined for
 *  what is no address. Whatever becomes of a look-alike here, mail goes to that too. Source: ATTACKS S10 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > 2 * LONGEST) return undefined
  const address = spelled(text)
  return address.length <= LONGEST && ADDRESS.test(address) ? address : undefined
}
