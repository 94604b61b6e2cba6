/** A map that forgets what was longest unused. */
export interface BoundedCache<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  /** Forgets every value for which `which` holds; looks at all of them. */
  deleteWhere(which: (value: V) => boolean): void
  clear(): void
  readonly size: number
}

/** Makes a cache of at most `limit` entries, least recently used out first. */
export function createBoundedCache<V>(limit: number): BoundedCache<V> {
  const entries = new Map<string, V>()
  // Whoever is asked for again and again is the youngest already.
  let youngest: string | undefined
  return {
    get: (key) => {
      const value = entries.get(key)
      if (value === undefined || key === youngest) return value
      // A Map keeps the order of insertion: put back, the entry is the youngest.
      entries.delete(key)
      entries.set(key, value)
      youngest = key
      return value
    },
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      youngest = key
      if (entries.size > limit) {
        const oldest = entries.keys().next()
        if (!oldest.done) entries.delete(oldest.value)
      }
    },
    delete: (key) => void entries.delete(key),
    deleteWhere: (which) => {
      for (const [key, value] of entries) if (which(value)) entries.delete(key)
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size
    },
  }
}
