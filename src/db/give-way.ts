/** Serialization failure and deadlock: the database ended a transaction so that others could go on, and the same work may
 *  succeed when tried again (ATTACKS F7). */
const GIVE_WAY = new Set(['40001', '40P01'])

/** Does work that is one transaction, again where the database made it give way to others: it has left nothing then.
 *  @throws what `work` throws, after `tries` of them */
export async function givingWay<T>(tries: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const { code = '' } = error as { code?: string }
      if (attempt === tries || !GIVE_WAY.has(code)) throw error
    }
  }
}
