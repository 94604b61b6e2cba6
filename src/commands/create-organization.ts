import { createAccount } from '../access/accounts.js'
import { createParts } from '../app.js'
import { isTaken } from '../db/errors.js'
import { createOrganization as found } from '../resources/organizations/create.js'
import { onMigrated, print, type Surroundings } from './environment.js'

interface Options {
  readonly name: string
  readonly ownerEmail: string
  readonly json?: boolean
}

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

interface Made {
  readonly organization: { id: string; slug: string }
  readonly owner: { id: string; email: string; client_id: string; client_secret: string }
}

const words = ({
  organization,
  owner,
}: Made): string => `Made the organization ${organization.slug} (${organization.id}).
Its owner ${owner.email} has this personal credential. The secret is shown now and never again:

  client_id      ${owner.client_id}
  client_secret  ${owner.client_secret}`

/** Says what to do where the address has an account. */
function explain(error: unknown): never {
  if (!isTaken(error)) throw error
  throw new Error(
    '--owner-email: this address has an account already. Sign in with it and make the organization on the account page, or by POST /api/organizations.',
    { cause: error },
  )
}

/** `gatehouse create-organization`: an organization and the account of its owner. The credential is printed once. */
export async function createOrganization(around: Surroundings, options: Options): Promise<void> {
  const { name, ownerEmail } = options
  if (!ADDRESS.test(ownerEmail)) throw new Error('--owner-email: an e-mail address, e.g. ada@example.com.')
  if (name.trim() === '') throw new Error('--name: the name of the organization.')
  const data = await onMigrated(around, async (workplace): Promise<Made> => {
    const { access, secrets, clock } = await createParts(workplace)
    const account = await createAccount(workplace.db.knex, secrets, { email: ownerEmail, now: clock() }).catch(explain)
    const { principal, userId, email, clientId, clientSecret } = account
    const organization = await access.run({ principal, requestId: 'create-organization' }, async (ctx) => {
      const { id, context = ctx } = await found(ctx, { name })
      return context.scope.one('organizations', id)
    })
    const owner = { id: userId, email, client_id: clientId, client_secret: clientSecret }
    return { organization: { id: organization.id, slug: String(organization.slug) }, owner }
  })
  print(around.out, options, { data, text: words(data) })
}
