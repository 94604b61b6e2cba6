import type { NextFunction, Request, Response } from 'express'

/** What a browser may do with an answer that is not a page: nothing. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** Headers of every answer; pages loosen `Content-Security-Policy` for themselves. Answers hold what one caller may see,
 *  so no cache keeps them unless the handler says otherwise. Source: OWASP Secure Headers; ATTACKS R8. */
export function securityHeaders(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('X-Frame-Options', 'DENY')
  res.setHeader('Referrer-Policy', 'no-referrer')
  res.setHeader('Content-Security-Policy', NOTHING)
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  res.setHeader('Cache-Control', 'no-store')
  next()
}
