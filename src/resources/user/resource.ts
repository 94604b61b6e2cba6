import { boolean, common, datetime, defineResource, string } from '../../jsonapi/define.js'
import { updateUser } from './update.js'

/** The person whose token this is. */
export const user = defineResource({
  type: 'users',
  name: 'user',
  doc: 'The signed-in user: a person, whatever organizations they have a seat in.',
  table: 'users',
  tenant: 'user',
  versioned: true,
  singleton: (ctx) => ctx.principal.userId,
  attributes: {
    ...common,
    email: string({
      can: ['update', 'read'],
      required: true,
      format: 'email',
      max: 254,
      doc: 'The address to sign in with. A new one counts from the moment its mailbox has confirmed it.',
      example: 'user@commercelayer.io',
    }),
    unconfirmed_email: string({
      can: ['read'],
      nullable: true,
      doc: 'The new address that waits for its mailbox to confirm it.',
    }),
    first_name: string({ can: ['update', 'read'], nullable: true, doc: 'Given name.', example: 'John' }),
    last_name: string({ can: ['update', 'read'], nullable: true, doc: 'Family name.', example: 'Doe' }),
    time_zone: string({
      can: ['update', 'read'],
      nullable: true,
      format: 'time_zone',
      doc: 'Time zone.',
      example: 'UTC',
    }),
    otp_required_for_login: boolean({ can: ['read'], doc: 'Whether signing in asks for a second factor.' }),
    email_verified_at: datetime({ can: ['read'], nullable: true, doc: 'When the address was proven.' }),
    last_login_at: datetime({ can: ['read'], nullable: true, doc: 'Last sign-in.' }),
    last_active_at: datetime({ can: ['read'], nullable: true, doc: 'Last call with a token of this user.' }),
  },
  relationships: {},
  verbs: { retrieve: true, update: updateUser },
})
