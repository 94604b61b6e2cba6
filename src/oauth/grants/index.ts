import { clientCredentials } from './client-credentials.js'
import type { Grant } from './grant.js'

/** Every way to get a token. */
export const GRANTS: readonly Grant[] = [clientCredentials]
