import type { Request, Response } from 'express'

/** The two cookies of our pages: which browser it is, and who is signed in with it. */
export type CookieName = 'browser' | 'session'

/** Reads and writes our cookies. */
export interface Cookies {
  read(req: Request, name: CookieName): string | undefined
  /** Sets a cookie that ends with the browser's own session. */
  write(res: Response, name: CookieName, value: string): void
  clear(res: Response, name: CookieName): void
}

const VALUE = /^[A-Za-z0-9_-]{16,128}$/

/** Cookies for pages at `pagesUrl`: over https under the prefix that binds them to this very host (RFC 6265bis §4.1.3.2),
 *  never readable by scripts, never sent with a request that another site began but for following a link. */
export function createCookies(pagesUrl: string): Cookies {
  const secure = pagesUrl.startsWith('https:')
  const nameOf = (name: CookieName): string => `${secure ? '__Host-' : ''}gatehouse_${name}`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    read: (req, name) => {
      const wanted = `${nameOf(name)}=`
      const found = (req.headers.cookie ?? '').split(/; */).filter((one) => one.startsWith(wanted))
      // Two of one name: another host of the domain may have set one of them (cookie tossing), so neither counts.
      const value = found.length === 1 ? found[0]?.slice(wanted.length) : undefined
      return value !== undefined && VALUE.test(value) ? value : undefined
    },
    write: (res, name, value) => void res.append('Set-Cookie', `${nameOf(name)}=${value}; ${attributes}`),
    clear: (res, name) => void res.append('Set-Cookie', `${nameOf(name)}=; ${attributes}; Max-Age=0`),
  }
}
