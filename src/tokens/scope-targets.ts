/** What scope items can point at, by the word they begin with. */
export type TargetKind = 'market' | 'store' | 'stock_location'

/** What a token's scope names of one kind. */
export interface Named {
  /** Whether the scope says `all`. */
  readonly all: boolean
  readonly ids: readonly string[]
  readonly codes: readonly string[]
}

const ITEM = /^(market|store|stock_location):(?:(all)|id:(.+)|code:(.+)|(\d+))$/

/** What scope items name of a kind; items that name something else are passed over. The numbers of old clients
 *  (`market:123`) are read as codes. Source: DECISIONS 3 "Scopes", CONTRACT 5.3 */
export function namedIn(items: readonly string[], kind: TargetKind): Named {
  const found = items.flatMap((item) => {
    const [, of, all, id, code, number] = ITEM.exec(item) ?? []
    return of === kind ? [{ all: all !== undefined, id, code: code ?? number }] : []
  })
  const texts = (values: (string | undefined)[]): string[] => [
    ...new Set(values.filter((value) => value !== undefined)),
  ]
  return {
    all: found.some(({ all }) => all),
    ids: texts(found.map(({ id }) => id)),
    codes: texts(found.map(({ code }) => code)),
  }
}

/** Whether anything in particular is named, as opposed to nothing or all. */
export const isSpecific = ({ ids, codes }: Named): boolean => ids.length + codes.length > 0
