import { context, propagation, trace } from '@opentelemetry/api'
import { VERSION } from '../version.js'

/** Longest time that a stop waits for the last spans. */
const FLUSH_MS = 2_000

/** Who the spans are of. The SDK asks for no more of a resource than this. */
function resource() {
  const attributes = { 'service.name': 'gatehouse', 'service.version': VERSION }
  const self = { attributes, merge: () => self, getRawAttributes: () => Object.entries(attributes) }
  return self
}

/** Begins to send spans to a collector, e.g. `http://localhost:4318`, by OTLP over HTTP. What makes spans uses the API of
 *  OpenTelemetry, which does nothing until then; its SDK is loaded here and now, because it takes time.
 *  @returns how to send the rest and stop */
export async function startTraces(endpoint: string): Promise<() => Promise<void>> {
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ])
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
  const provider = new NodeTracerProvider({
    resource: resource(),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  provider.register()
  return async () => {
    const late = new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref())
    await Promise.race([provider.shutdown().catch(() => undefined), late])
    for (const api of [trace, context, propagation]) api.disable()
  }
}
