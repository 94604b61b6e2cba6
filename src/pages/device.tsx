import { Router } from 'express'
import { makerOf, type Seat, seatIn, seatsOf } from '../access/seats.js'
import { notAllowed } from '../http/canonical.js'
import { networkFor } from '../http/request.js'
import { spansOrganizations } from '../oauth/authorize/meaning.js'
import { wordsOf } from '../oauth/authorize/words.js'
import type { Client } from '../oauth/clients.js'
import { hashUserCode, shownCode, typedCode } from '../oauth/device.js'
import { createDeviceCodes, type WaitingDevice } from '../tokens/device-codes.js'
import type { Session } from '../tokens/sessions.js'
import type { AuthorizeParts } from './authorize-parts.js'
import { isNewEnoughFor } from './authorize-steps.js'
import { brandingOf } from './branding.js'
import { DeviceCodePage, DeviceConsentPage, DeviceDonePage } from './device-views.js'
import { queryOf, signInAddress } from './return-to.js'
import type { PageAnswer, Visit } from './visit.js'

const PATH = '/device'
const UNKNOWN = 'No device waits with this code. It may be mistyped or too old: begin again on the device.'
const NOT_YOURS = 'This device belongs to an organization in which you have no seat.'

/** A device that waits, for somebody who is signed in. */
interface Asked {
  readonly visit: Visit
  readonly session: Session
  readonly code: string
  readonly device: WaitingDevice
  readonly client: Client
  /** Where it may act: the one organization of a webapp, or those of the person; none: in all of theirs. */
  readonly seats: readonly Seat[]
  readonly spans: boolean
}

const pageOf = (code: string | undefined): string =>
  code === undefined ? PATH : `${PATH}?user_code=${encodeURIComponent(code)}`

/** Builds the page on which people let devices in. Source: RFC 8628 §3.3 */
export function createDevice({ visits, db: { knex }, secrets, clients, limits }: AuthorizeParts): Router {
  const devices = createDeviceCodes(knex)

  /** Finds the device behind a code. Each try counts, until it was right: codes are short (RFC 8628 §5.1). */
  async function find(visit: Visit, code: string): Promise<{ device: WaitingDevice; client: Client } | undefined> {
    const network = networkFor(visit.req)
    await limits.take('device_code', network)
    const device = await devices.waiting(hashUserCode(secrets, code), visit.now)
    const client = device && (await clients.find(device.clientId, visit.now))
    if (!device || !client) return undefined
    await limits.giveBack('device_code', network)
    return { device, client }
  }

  async function seatsFor({ userId }: Session, { organization }: Client): Promise<Seat[]> {
    if (organization === undefined) return seatsOf(knex, userId)
    const seat = await seatIn(knex, { userId, organizationId: organization.id })
    return seat === undefined ? [] : [seat]
  }

  const refuse = (visit: Visit, code: string, error: string): PageAnswer => ({
    document: <DeviceCodePage visit={visit} code={shownCode(code)} error={error} />,
    status: 400,
  })

  async function ask({ visit, client, code, device, seats, spans }: Asked): Promise<PageAnswer> {
    const only = !spans && seats.length === 1 ? seats[0]?.organization : undefined
    const organizationId = client.organization?.id
    const { applicationId } = client
    const document = (
      <DeviceConsentPage
        visit={visit}
        application={client.name}
        maker={organizationId === undefined ? undefined : await makerOf(knex, { organizationId, applicationId })}
        code={shownCode(code)}
        resource={device.resource}
        words={wordsOf(device.scope, only?.name ?? (spans ? 'all your organizations' : 'the organization'))}
        organization={only}
        seats={spans ? [] : seats}
        someoneElse={signInAddress(pageOf(shownCode(code)), { again: true })}
      />
    )
    const imageFrom = only && brandingOf(only).imageFrom
    return { document, ...(imageFrom === undefined ? {} : { imageFrom }) }
  }

  async function decide(asked: Asked, allow: boolean): Promise<PageAnswer> {
    const { visit, session, code, device, seats, spans } = asked
    const { now, form } = visit
    const wanted = form.get('organization')
    const seat = seats.find(({ organization }) => organization.id === wanted)
    // Where the page said that it would act, the person has no seat (any more): they are asked about where they have.
    if (allow && !spans && seat === undefined) return ask(asked)
    const within = seat === undefined || spans ? seats : [seat]
    if (allow && !within.every((one) => isNewEnoughFor(session, one, now)))
      return { to: signInAddress(pageOf(shownCode(code)), { again: true }) }
    const { id: sessionId, userId, authenticatedAt, amr } = session
    const organizationId = spans ? undefined : seat?.organization.id
    const approval = allow ? { organizationId, userId, sessionId, authenticatedAt, amr } : undefined
    if (!(await devices.decide(device.hash, { approval, now }))) return refuse(visit, code, UNKNOWN)
    return { document: <DeviceDonePage allowed={allow} /> }
  }

  async function submitted(visit: Visit): Promise<PageAnswer> {
    const code = typedCode(visit.form.get('user_code') ?? '')
    const { session } = visit
    if (session === undefined) return { to: signInAddress(pageOf(shownCode(code))) }
    const found = await find(visit, code)
    if (found === undefined) return refuse(visit, code, UNKNOWN)
    const { client, device } = found
    const spans = client.organization === undefined && spansOrganizations(device.scope)
    const seats = await seatsFor(session, client)
    if (!spans && seats.length === 0) return refuse(visit, code, NOT_YOURS)
    const asked = { visit, session, code, device, client, seats, spans }
    const decision = visit.form.get('decision')
    return decision === 'allow' || decision === 'deny' ? decide(asked, decision === 'allow') : ask(asked)
  }

  const router = Router({ caseSensitive: true, strict: true })
  router.get(
    PATH,
    visits.get((visit) => {
      const code = queryOf(visit, 'user_code')?.slice(0, 20)
      if (visit.session === undefined) return { to: signInAddress(pageOf(code)) }
      return { document: <DeviceCodePage visit={visit} code={code} /> }
    }),
  )
  router.post(PATH, visits.post({ purpose: 'device', fields: ['user_code', 'decision', 'organization'] }, submitted))
  router.all(PATH, notAllowed('GET, HEAD, POST'))
  return router
}
