import { english } from './english.js'
import type { Texts } from './texts.js'

const LANGUAGES: Readonly<Record<string, Texts>> = { en: english }

/** The texts for a reader: of their language, or of its family (`pt` for `pt-BR`), or English. */
export function textsFor(language: string | undefined): Texts {
  const wanted = (language ?? '').toLowerCase()
  const family = wanted.split('-')[0] ?? ''
  const name = [wanted, family].find((one) => Object.hasOwn(LANGUAGES, one))
  return (name === undefined ? undefined : LANGUAGES[name]) ?? english
}
