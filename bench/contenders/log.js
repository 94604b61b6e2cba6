import { pino } from 'pino'

/** The access log of every contender: one line a request, with the members that Gatehouse writes, to the same file. */
export function accessLog() {
  const log = pino(pino.destination({ dest: process.env.LOG_FILE ?? '/dev/null', sync: true }))
  return (req, res) => {
    const startedAt = performance.now()
    res.once('close', () => {
      const line = {
        request_id: res.getHeader('X-Request-Id'),
        method: req.method,
        route: req.url?.split('?')[0],
        status: res.statusCode,
        duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
      }
      log.info(line, 'request')
    })
  }
}

/** Listens on PORT and says so. */
export function serve(server) {
  server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'))
  process.on('SIGTERM', () => process.exit(0))
}
