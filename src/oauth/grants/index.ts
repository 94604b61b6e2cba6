import { authorizationCode } from './authorization-code.js'
import { clientCredentials } from './client-credentials.js'
import { deviceCode } from './device-code.js'
import type { Grant } from './grant.js'
import { jwtBearer } from './jwt-bearer.js'
import { password } from './password.js'
import { refreshToken } from './refresh-token.js'

/** Every way to get a token. */
export const GRANTS: readonly Grant[] = [
  clientCredentials,
  authorizationCode,
  refreshToken,
  password,
  jwtBearer,
  deviceCode,
]
