import { Router } from 'express'
import { notAllowed } from '../http/canonical.js'
import { Form, Submit } from './components.js'
import { Document } from './document.js'
import type { EntranceParts } from './entrance-parts.js'
import { queryOf, returnPath } from './return-to.js'
import type { PageAnswer, Visit } from './visit.js'

/** The purpose of the form that signs out: any page may have one that posts to /logout. */
export const SIGN_OUT = 'sign_out'

function show(visit: Visit): PageAnswer {
  const returnTo = returnPath(queryOf(visit, 'return_to'), '/login')
  if (visit.session === undefined) return { to: returnTo }
  const document = (
    <Document title="Sign out?" lead={`You are signed in as ${visit.session.email}.`}>
      <p>Applications that you have signed in to with this browser must ask you again.</p>
      <Form visit={visit} purpose={SIGN_OUT} action="/logout">
        <input type="hidden" name="return_to" value={returnTo} />
        <Submit>Sign out</Submit>
      </Form>
      <p class="quiet-text">
        <a href="/account">Stay signed in</a>
      </p>
    </Document>
  )
  return { document }
}

/** `/logout`: a link to it asks, only its form signs out, since a link can be anywhere. */
export function createSignOut({ visits }: Pick<EntranceParts, 'visits'>): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get('/logout', visits.get(show))
  router.post(
    '/logout',
    visits.post({ purpose: SIGN_OUT, fields: ['return_to'] }, async (visit) => {
      await visit.signOut()
      return { to: returnPath(visit.form.get('return_to'), '/login') }
    }),
  )
  router.all('/logout', notAllowed('GET, HEAD, POST'))
  return router
}
