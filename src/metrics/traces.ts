import { context, propagation, trace } from '@opentelemetry/api'
import { VERSION } from '../version.js'

/** Longest time that a stop waits for the last spans. */
const FLUSH_MS = 2_000

/** Begins to send spans to a collector, e.g. `http://localhost:4318`, by OTLP over HTTP. What makes spans uses the API of
 *  OpenTelemetry, which does nothing until then; its SDK is loaded here and now, because it takes time.
 *  @returns how to send the rest and stop */
export async function startTraces(endpoint: string): Promise<() => Promise<void>> {
  const [
    { BatchSpanProcessor, NodeTracerProvider },
    { OTLPTraceExporter },
    { defaultResource, resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const attributes = { 'service.name': 'gatehouse', 'service.version': VERSION }
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(attributes)),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  provider.register()
  return async () => {
    const late = new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref())
    await Promise.race([provider.shutdown().catch(() => undefined), late])
    for (const api of [trace, context, propagation]) api.disable()
  }
}
