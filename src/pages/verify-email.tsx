import { Router } from 'express'
import { confirmEmail } from '../access/accounts.js'
import { notAllowed } from '../http/canonical.js'
import { Form, Submit } from './components.js'
import { Document } from './document.js'
import type { EntranceParts } from './entrance-parts.js'
import type { PageAnswer, Visit } from './visit.js'

const PATH = '/verify_email/:token'
const PURPOSE = 'verify_email'

function show(visit: Visit): PageAnswer {
  const lead = 'Somebody with an account wants to use this e-mail address for it. Confirm only if that is you.'
  const document = (
    <Document title="Confirm your address" lead={lead}>
      <Form visit={visit} purpose={PURPOSE}>
        <Submit>Confirm this address</Submit>
      </Form>
    </Document>
  )
  return { document }
}

async function confirm({ db, secrets }: EntranceParts, { req, now }: Visit): Promise<PageAnswer> {
  const done = await confirmEmail(
    { knex: db.knex, secrets },
    { tokenHash: secrets.hash(String(req.params.token)), now },
  )
  if (done) {
    return { document: <Document title="Confirmed" lead="The address is yours now; you can close this page." /> }
  }
  const lead = 'This link is not good any more. Ask for a new one by changing the address again.'
  return { document: <Document title="Not confirmed" lead={lead} />, status: 404 }
}

/** The page behind the link of a mail that asks a mailbox whether it belongs to somebody. Opening it does nothing, since
 *  mail scanners open links; the button does. The token in the path is all the proof that is needed. */
export function createVerifyEmail(parts: EntranceParts): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get(PATH, parts.visits.get(show))
  router.post(
    PATH,
    parts.visits.post({ purpose: PURPOSE, fields: [] }, (visit) => confirm(parts, visit)),
  )
  router.all(PATH, notAllowed('GET, HEAD, POST'))
  return router
}
