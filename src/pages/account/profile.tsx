import type { Router } from 'express'
import { canonicalAddress } from '../../access/addresses.js'
import { principalOf } from '../../access/profiles.js'
import { requestIdOf } from '../../http/request.js'
import { updateUser } from '../../resources/user/update.js'
import { Card, Select } from '../blocks.js'
import { Facts, Field, Form, Submit } from '../components.js'
import { AccountPage, doneNotice, isFresh, ProveFirst, proveAgain, type Signed, signedIn } from './frame.js'
import type { AccountParts } from './parts.js'

const PAGE = '/account/profile'
const NAMES = 'account profile'
const ADDRESS = 'account address'
const LONGEST = 100
const DONE = {
  saved: 'Saved.',
  mailed: 'We have written to the new address. It counts once its link has been opened.',
}

interface Problems {
  readonly names?: string
  readonly email?: string
}

function zonesWith(own: string | null): [string, string][] {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]
  const all = own === null || zones.includes(own) ? zones : [own, ...zones]
  return [['', 'Not chosen'], ...all.map((zone): [string, string] => [zone, zone.replaceAll('_', ' ')])]
}

function NamesCard({ visit, problem }: { readonly visit: Signed; readonly problem: string | undefined }) {
  const { profile, form } = visit
  const first = form.get('first_name') ?? profile.firstName ?? ''
  const last = form.get('last_name') ?? profile.lastName ?? ''
  return (
    <Card title="Name and time zone">
      <Form visit={visit} purpose={NAMES}>
        <Field
          name="first_name"
          label="Given name"
          autocomplete="given-name"
          value={first}
          error={problem}
          required={false}
          maxlength={LONGEST}
        />
        <Field
          name="last_name"
          label="Family name"
          autocomplete="family-name"
          value={last}
          required={false}
          maxlength={LONGEST}
        />
        <Select
          name="time_zone"
          label="Time zone"
          options={zonesWith(profile.timeZone)}
          value={form.get('time_zone') ?? profile.timeZone ?? ''}
        />
        <Submit>Save</Submit>
      </Form>
    </Card>
  )
}

function AddressCard({ visit, problem }: { readonly visit: Signed; readonly problem: string | undefined }) {
  const { profile } = visit
  const waiting: [string, string][] =
    profile.unconfirmedEmail === null ? [] : [['Waits to be confirmed', profile.unconfirmedEmail]]
  return (
    <Card title="E-mail address">
      <Facts rows={[['You sign in with', profile.email], ...waiting]} />
      {isFresh(visit) ? (
        <Form visit={visit} purpose={ADDRESS} action={`${PAGE}/address`}>
          <Field
            name="email"
            label="New address"
            type="email"
            autocomplete="email"
            hint="We write to it. Until its link is opened, nothing changes."
            value={visit.form.get('email')}
            error={problem}
          />
          <Submit look="quiet">Change the address</Submit>
        </Form>
      ) : (
        <ProveFirst page={PAGE}>To change the address, sign in once more.</ProveFirst>
      )}
    </Card>
  )
}

const page = (visit: Signed, problems: Problems = {}) => (
  <AccountPage visit={visit} page={PAGE} title="Profile" notice={doneNotice(visit, DONE)}>
    <NamesCard visit={visit} problem={problems.names} />
    <AddressCard visit={visit} problem={problems.email} />
  </AccountPage>
)

/** Changes the person's own row as the API does: through the door, with its history. */
async function change({ access }: AccountParts, visit: Signed, changes: Record<string, string | null>): Promise<void> {
  const request = { principal: principalOf(visit.profile), requestId: requestIdOf(visit.req) }
  await access.run(request, (ctx) => updateUser(ctx, { id: visit.profile.userId, changes }))
}

/** The person's names, time zone and address. */
export function profileRoutes(router: Router, parts: AccountParts): void {
  const { visits } = parts
  const show = signedIn(parts, PAGE, (visit) => ({ document: page(visit) }))
  const save = signedIn(parts, PAGE, async (visit) => {
    const value = (name: string): string | null => visit.form.get(name)?.trim() || null
    const [first_name, last_name, time_zone] = [value('first_name'), value('last_name'), value('time_zone')]
    const names = `A name may have ${LONGEST} characters at most.`
    if ([first_name, last_name].some((name) => (name ?? '').length > LONGEST))
      return { document: page(visit, { names }), status: 422 }
    const known = zonesWith(visit.profile.timeZone).some(([zone]) => zone === (time_zone ?? ''))
    await change(parts, visit, { first_name, last_name, ...(known ? { time_zone } : {}) })
    return { to: `${PAGE}?done=saved` }
  })
  const move = signedIn(parts, PAGE, async (visit) => {
    if (!isFresh(visit)) return { to: proveAgain(PAGE) }
    const email = canonicalAddress(visit.form.get('email') ?? '')
    if (email === undefined)
      return { document: page(visit, { email: 'This does not look like an address.' }), status: 422 }
    await change(parts, visit, { email })
    return { to: `${PAGE}?done=${email === visit.profile.email ? 'saved' : 'mailed'}` }
  })
  router.get(PAGE, visits.get(show))
  router.post(PAGE, visits.post({ purpose: NAMES, fields: ['first_name', 'last_name', 'time_zone'] }, save))
  router.post(`${PAGE}/address`, visits.post({ purpose: ADDRESS, fields: ['email'] }, move))
}
