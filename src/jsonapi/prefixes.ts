/** Ways to write a letter that fold to it in some locale, where there are more than its two cases. */
const FORMS: Readonly<Record<string, string>> = { i: 'iI\u0130\u0131\u00cc\u00cd\u0128', k: 'kK\u212a' }

/** Ranges that one filter may be looked up in. */
const MOST = 16

/** The ways to write one sign of a prefix; none where that depends on the database's locale. */
function formsOf(sign: string, lower: boolean): readonly string[] {
  if (sign < ' ' || sign > '~' || (lower && sign === 'I')) return []
  const small = sign.toLowerCase()
  if (lower) return [small]
  return [...new Set(FORMS[small] ?? [small, sign.toUpperCase()])]
}

const next = (text: string): string => {
  const last = text.codePointAt(text.length - 1) ?? 0
  return text.slice(0, -1) + String.fromCodePoint(last + 1)
}

/** Ranges in byte order (from, and before) in which every text lies that begins with `prefix` in any case; none where that
 *  cannot be said. They leave more than that: the further a prefix of mixed case goes, the less of it they look at. `lower`:
 *  of a column that holds no capital letter. */
export function rangesOf(prefix: string, lower: boolean): readonly (readonly [from: string, before: string])[] {
  let beginnings = ['']
  for (const sign of prefix) {
    const forms = formsOf(sign, lower)
    if (forms.length === 0 || beginnings.length * forms.length > MOST) break
    beginnings = beginnings.flatMap((beginning) => forms.map((form) => beginning + form))
  }
  return beginnings[0] === '' ? [] : beginnings.map((beginning) => [beginning, next(beginning)])
}
