import pg from 'pg'

interface ListenOptions {
  readonly connection: pg.ClientConfig
  readonly channel: string
  readonly onMessage: (payload: string) => void
  readonly onReconnect: () => void
  readonly log: (message: string) => void
}

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000
const PING_MS = 10_000
const PING_TIMEOUT_MS = 5_000

async function openClient(options: ListenOptions): Promise<pg.Client> {
  const client = new pg.Client({ ...options.connection, query_timeout: PING_TIMEOUT_MS })
  client.on('error', () => undefined)
  client.on('notification', ({ payload }) => options.onMessage(payload ?? ''))
  try {
    await client.connect()
    await client.query(`listen ${pg.escapeIdentifier(options.channel)}`)
    return client
  } catch (error) {
    client.end().catch(() => undefined)
    throw error
  }
}

/** Ends a connection that does not answer, which is otherwise noticed only when the system gives up on it. */
function watch(client: pg.Client, onEnd: () => void): void {
  const ping = setInterval(() => {
    client.query('select 1').catch(() => client.end().catch(() => undefined))
  }, PING_MS)
  ping.unref()
  client.once('end', () => {
    clearInterval(ping)
    onEnd()
  })
}

/** Listens to a channel on a connection of its own that mends itself: whenever it is lost it is opened again, and then
 *  `onReconnect` is called, because what was said in between was missed. A connection that no longer answers is
 *  noticed by a ping.  @returns a function that stops.  Throws if the first connection fails. */
export async function listen(options: ListenOptions): Promise<() => Promise<void>> {
  let stopped = false
  let retry: NodeJS.Timeout | undefined
  let client = await openClient(options)

  const lost = (): void => {
    if (stopped) return
    options.log(`lost the connection that listens to ${options.channel}; connecting again`)
    again(FIRST_RETRY_MS)
  }
  const reopen = async (): Promise<void> => {
    client = await openClient(options)
    if (stopped) return client.end()
    watch(client, lost)
    options.onReconnect()
  }
  const again = (delayMs: number): void => {
    retry = setTimeout(() => {
      reopen().catch(() => stopped || again(Math.min(delayMs * 2, LONGEST_RETRY_MS)))
    }, delayMs)
  }

  watch(client, lost)
  return async () => {
    stopped = true
    clearTimeout(retry)
    await client.end()
  }
}
