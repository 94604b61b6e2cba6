import type { Router } from 'express'
import type { VNode } from 'preact'
import {
  type PersonalCredential,
  personalCredentialOf,
  renewPersonalSecret,
  switchPersonalCredential,
} from '../../access/personal-credential.js'
import { AppError } from '../../errors.js'
import { requestIdOf } from '../../http/request.js'
import { Actions, Badge, Card, Code } from '../blocks.js'
import { Facts, Form, Notice, Submit } from '../components.js'
import { AccountPage, doneNotice, isFresh, ProveFirst, proveAgain, type Signed, signedIn, timeFor } from './frame.js'
import type { AccountParts } from './parts.js'

const PAGE = '/account/credential'
const SECRET = 'account credential secret'
const SWITCH = 'account credential switch'
const DONE = {
  on: 'The credential is good again.',
  off: 'The credential is no use any more, nor is any token that it has got.',
}

interface PageProps {
  readonly visit: Signed
  readonly credential: PersonalCredential
  readonly issuer: string
  /** Told once, in the answer that made it. */
  readonly secret?: string
}

const call = (issuer: string, clientId: string, secret = 'YOUR_CLIENT_SECRET'): string =>
  `curl -s ${issuer}/oauth/token -d grant_type=client_credentials \\\n  -d client_id=${clientId} \\\n  -d client_secret=${secret}`

function NewSecret({ secret }: { readonly secret: string }): VNode {
  return (
    <Card title="The new secret">
      <Notice kind="success">Copy it now: it is shown this once. The one before is no use any more.</Notice>
      <code class="secret">{secret}</code>
    </Card>
  )
}

function Changes({ visit, off }: { readonly visit: Signed; readonly off: boolean }): VNode {
  if (!isFresh(visit)) return <ProveFirst page={PAGE}>To change the credential, sign in once more.</ProveFirst>
  return (
    <Actions>
      <Form visit={visit} purpose={SECRET} action={`${PAGE}/secret`}>
        <Submit>Make a new secret</Submit>
      </Form>
      <Form visit={visit} purpose={SWITCH} action={`${PAGE}/switch`}>
        <Submit look={off ? 'quiet' : 'danger'} name="to" value={off ? 'on' : 'off'}>
          {off ? 'Switch it on' : 'Switch it off'}
        </Submit>
      </Form>
    </Actions>
  )
}

function Page({ visit, credential, issuer, secret }: PageProps): VNode {
  const { clientId, disabledAt, lastUsedAt } = credential
  const off = disabledAt !== null
  const used = lastUsedAt === null ? 'Never' : timeFor(visit.profile)(lastUsedAt)
  const state = off ? <Badge look="bad">Off</Badge> : <Badge look="good">On</Badge>
  return (
    <AccountPage
      visit={visit}
      page={PAGE}
      title="API credential"
      lead="For scripts and tools of your own. It may do what you may, in all of your organizations: treat its secret as your password."
      notice={doneNotice(visit, DONE)}
    >
      {secret === undefined ? null : <NewSecret secret={secret} />}
      <Card title="My personal credential">
        <Facts
          rows={[
            ['Client id', <code>{clientId}</code>],
            ['State', state],
            ['Last used', used],
          ]}
        />
        <Changes visit={visit} off={off} />
      </Card>
      <Card title="Get a token with it">
        <Code>{call(issuer, clientId)}</Code>
      </Card>
    </AccountPage>
  )
}

/** The personal provisioning credential: its secret, on and off. */
export function credentialRoutes(router: Router, parts: AccountParts): void {
  const { visits, knex, revocations, issuer } = parts
  const document = async (visit: Signed, secret?: string): Promise<VNode> => {
    const credential = await personalCredentialOf(knex, visit.profile.userId)
    if (credential === undefined) throw new AppError('not_found')
    return <Page visit={visit} credential={credential} issuer={issuer} {...(secret === undefined ? {} : { secret })} />
  }
  const changeOf = ({ profile, now, req }: Signed) => ({ userId: profile.userId, now, requestId: requestIdOf(req) })
  const show = signedIn(parts, PAGE, async (visit) => ({ document: await document(visit) }))
  const renew = signedIn(parts, PAGE, async (visit) => {
    if (!isFresh(visit)) return { to: proveAgain(PAGE) }
    const secret = await renewPersonalSecret(parts, changeOf(visit))
    await revocations.refresh().catch(() => undefined)
    return { document: await document(visit, secret) }
  })
  const turn = signedIn(parts, PAGE, async (visit) => {
    if (!isFresh(visit)) return { to: proveAgain(PAGE) }
    const on = visit.form.get('to') === 'on'
    await switchPersonalCredential(parts, { ...changeOf(visit), on })
    await revocations.refresh().catch(() => undefined)
    return { to: `${PAGE}?done=${on ? 'on' : 'off'}` }
  })
  router.get(PAGE, visits.get(show))
  router.post(`${PAGE}/secret`, visits.post({ purpose: SECRET, fields: [] }, renew))
  router.post(`${PAGE}/switch`, visits.post({ purpose: SWITCH, fields: ['to'] }, turn))
}
