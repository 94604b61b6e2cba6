import { Router } from 'express'
import type { EntranceParts } from './entrance-parts.js'
import { createInvitation } from './invitation.js'
import { createPasswordReset } from './password-reset.js'
import { createSignIn } from './sign-in.js'
import { createSignOut } from './sign-out.js'
import { createSignUp } from './sign-up.js'
import { createTwoFactor } from './two-factor.js'
import { createVerifyEmail } from './verify-email.js'

const PAGES: readonly ((parts: EntranceParts) => Router)[] = [
  createSignIn,
  createTwoFactor,
  createSignOut,
  createSignUp,
  createInvitation,
  createPasswordReset,
  createVerifyEmail,
]

/** The pages on which people come and go: sign in and out, sign up, answer invitations, prove a mailbox, choose a new
 *  password. */
export function createEntrance(parts: EntranceParts): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const page of PAGES) router.use(page(parts))
  return router
}
