import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { routeOf } from './access-log.js'
import { atClose, stateOf } from './request.js'

/** Makes a span of each request, below the caller's (`traceparent`, W3C Trace Context), and puts what is done for it below.
 *  It tells the route and never the path, a header or a body. Source: OpenTelemetry semantic conventions, HTTP spans */
export function traceRequests(): RequestHandler {
  const tracer = trace.getTracer('gatehouse')
  return (req: Request, res: Response, next: NextFunction) => {
    const parent = propagation.extract(context.active(), req.headers)
    const attributes = { 'http.request.method': req.method, 'gatehouse.request_id': stateOf(req).id }
    const span = tracer.startSpan(req.method, { kind: SpanKind.SERVER, attributes }, parent)
    stateOf(req).traceId = span.spanContext().traceId
    atClose(req, () => {
      const route = routeOf(req)
      if (route !== undefined) span.updateName(`${req.method} ${route}`).setAttribute('http.route', route)
      span.setAttribute('http.response.status_code', res.statusCode)
      if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(trace.setSpan(parent, span), next)
  }
}
