import { types } from 'pg'

const INT8 = 20
const DATE = 1082
const TIMESTAMPTZ = 1184
const INT8_ARRAY = 1016
const TEXT_ARRAY = 1009
const TIMESTAMPTZ_ARRAY = 1185

const PLAIN = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/

/** PostgreSQL's text of a timestamptz, in a session whose time zone is UTC, as ISO 8601 with milliseconds and `Z`.
 *  A string operation: a list of 100 rows has hundreds of them. `infinity` and BC years stay as they are. */
export function isoTimestamp(text: string): string {
  // The usual case, all three digits there: cut out, not matched.
  if (text.length === 26 && text.endsWith('+00') && text[10] === ' ' && text[19] === '.') {
    return `${text.slice(0, 10)}T${text.slice(11, 23)}Z`
  }
  const [, day, time, fraction = ''] = PLAIN.exec(text) ?? []
  return day === undefined ? text : `${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`
}

type Parser = (text: string) => unknown

// OID 1009 is text[], whose parser splits every kind of array into strings.
const split = types.getTypeParser(TEXT_ARRAY as number) as (text: string) => (string | null)[]
const each = (parse: Parser) => (text: string) => split(text).map((item) => (item === null ? null : parse(item)))

const PARSERS = new Map<number, Parser>([
  [INT8, Number],
  [DATE, (text) => text],
  [TIMESTAMPTZ, isoTimestamp],
  [INT8_ARRAY, each(Number)],
  [TIMESTAMPTZ_ARRAY, each(isoTimestamp)],
])

/** Type parsers for one connection: timestamptz as ISO 8601 text, int8 as number, date as text, the rest as `pg` has it. */
export const connectionTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): Parser {
    const own = format === 'binary' ? undefined : PARSERS.get(oid)
    return own ?? (types.getTypeParser(oid, format as 'text') as Parser)
  },
}
