import type { Router } from 'express'
import type { VNode } from 'preact'
import { principalOf } from '../../access/profiles.js'
import { requestIdOf } from '../../http/request.js'
import { createOrganization } from '../../resources/organizations/create.js'
import { Field, Form, Submit } from '../components.js'
import { nameFault, oneLine } from '../person-form.js'
import type { PageAnswer, Visit } from '../visit.js'
import { type Signed, signedIn } from './frame.js'
import type { AccountParts } from './parts.js'

const FOUND = 'found_organization'
const LONGEST = 255

interface FoundProps {
  readonly visit: Pick<Visit, 'csrf'>
  readonly value?: string | undefined
  readonly error?: string | undefined
}

/** Asks for the name of a new organization; the person becomes its owner. */
export const FoundForm = ({ visit, value, error }: FoundProps): VNode => (
  <Form visit={visit} purpose={FOUND} action="/account">
    <Field
      name="organization"
      label="Name of the new organization"
      autocomplete="off"
      hint="You will be its owner, and can invite others."
      maxlength={LONGEST}
      value={value}
      error={error}
    />
    <Submit look="quiet">Create it</Submit>
  </Form>
)

/** Takes the form. `page` shows the account's first page, with what was wrong with the name. */
export function foundingRoutes(
  router: Router,
  parts: AccountParts,
  page: (visit: Signed, founding: Pick<FoundProps, 'value' | 'error'>) => Promise<PageAnswer>,
): void {
  const found = signedIn(parts, '/account', async (visit) => {
    const name = oneLine(visit.form.get('organization'))
    const error = nameFault(name, LONGEST)
    if (error !== undefined) return { ...(await page(visit, { value: name, error })), status: 422 }
    const request = { principal: principalOf(visit.profile), requestId: requestIdOf(visit.req) }
    await parts.access.run(request, (ctx) => createOrganization(ctx, { name }))
    await parts.revocations.refresh().catch(() => undefined)
    return { to: '/account?done=founded' }
  })
  router.post('/account', parts.visits.post({ purpose: FOUND, fields: ['organization'] }, found))
}
