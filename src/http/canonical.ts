import type { NextFunction, Request, Response } from 'express'
import { AppError } from '../errors.js'

/** Unreserved characters of RFC 3986 §2.3, in segments that are neither empty nor made of dots alone. */
const CANONICAL = /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/

/** Refuses every spelling of a path but one: no `//`, `/./`, `%2f`, `;x`, no slash at the end. A second spelling is a
 *  second way in, past whatever looks at paths in front of us (a proxy's rules, for instance). Source: ATTACKS H5.
 *  @throws AppError no_route */
export function onlyCanonicalPaths(req: Request, _res: Response, next: NextFunction): void {
  const query = req.url.indexOf('?')
  const path = query === -1 ? req.url : req.url.slice(0, query)
  if (CANONICAL.test(path)) next()
  else next(noRoute())
}

/** The answer for a path that leads nowhere. */
export const noRoute = (): AppError => new AppError('no_route', { detail: 'There is nothing at this address.' })

/** The last handler before the errors: every path that no one answered. */
export function unknownRoute(_req: Request, _res: Response, next: NextFunction): void {
  next(noRoute())
}

/** A handler for the methods that a fixed route does not have; `allowed` goes into `Allow` (RFC 9110 §15.5.6). */
export function notAllowed(allowed: string): (req: Request, res: Response, next: NextFunction) => void {
  return (_req, _res, next) => {
    next(new AppError('method_not_allowed', { detail: `Use ${allowed} here.`, headers: { Allow: allowed } }))
  }
}
