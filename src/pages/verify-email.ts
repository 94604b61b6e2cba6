import { type Request, type Response, Router } from 'express'
import { notAllowed } from '../http/canonical.js'
import { html } from './html.js'
import { layout, sendPage } from './layout.js'

const PATH = '/verify_email/:token'

/** The page behind the link of a mail that asks a mailbox whether it belongs to somebody. Opening it does nothing, since
 *  mail scanners open links; the button does. The token in the path is all the proof that is needed.
 *  @param confirm makes the address count; false for a token that is not good (any more) */
export function createVerifyEmail(confirm: (token: string) => Promise<boolean>): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get(PATH, (_req: Request, res: Response) => {
    const content = html`<form method="post"><button type="submit">Confirm this address</button></form>`
    const lead = 'Somebody with an account wants to use this e-mail address for it. Confirm only if that is you.'
    res.set('Cache-Control', 'no-store')
    sendPage(res, layout({ title: 'Confirm your address', lead, content }))
  })
  router.post(PATH, async (req: Request, res: Response) => {
    const done = await confirm(String(req.params.token))
    const good = { title: 'Confirmed', lead: 'The address is yours now; you can close this page.' }
    const bad = {
      title: 'Not confirmed',
      lead: 'This link is not good any more. Ask for a new one by changing the address again.',
    }
    res.status(done ? 200 : 404).set('Cache-Control', 'no-store')
    sendPage(res, layout({ ...(done ? good : bad), content: html`` }))
  })
  router.all(PATH, notAllowed('GET, HEAD, POST'))
  return router
}
