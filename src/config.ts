import { z } from 'zod'

/** Everything that the environment decides. Units are in the names. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly databaseUrl: string | undefined
  readonly databasePoolSize: number
  readonly statementTimeoutMs: number
  readonly dataDir: string
  /** Master secret from which the pepper and the key-encryption key are derived; undefined: kept in `dataDir`. */
  readonly secretKey: string | undefined
  readonly issuer: string
  readonly apiUrl: string
  readonly authorizeUrl: string
  /** Domain under which organizations have their `slug`. */
  readonly domain: string
  readonly tokenAlg: 'RS512' | 'RS256' | 'ES256' | 'EdDSA'
  readonly logLevel: string
  readonly bcryptCost: number
  readonly invitationSeconds: number
  readonly autoActivateKnownUsers: boolean
  readonly production: boolean
}

/** Thrown by readConfig: names every bad variable at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

const flag = z.enum(['true', 'false', '1', '0', 'on', 'off']).transform((value) => ['true', '1', 'on'].includes(value))
const whole = (low: number, high: number) => z.coerce.number().int().min(low).max(high)
const webUrl = z
  .url({ protocol: /^https?$/ })
  .refine((value) => !/[?#]/.test(value), 'must have no query and no fragment')

const schema = z.object({
  PORT: whole(0, 65535).default(3000),
  HOST: z.string().optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
    .optional(),
  DATABASE_POOL: whole(1, 500).default(10),
  STATEMENT_TIMEOUT_MS: whole(100, 600_000).default(5000),
  DATA_DIR: z.string().default('./data'),
  SECRET_KEY: z.string().min(32, 'must have at least 32 characters; make one with: openssl rand -base64 48').optional(),
  DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]+(:\d+)?$/i, 'must be a host name, with a port if need be, and nothing else')
    .optional(),
  ISSUER: webUrl.optional(),
  API_URL: webUrl.optional(),
  TOKEN_ALG: z.enum(['RS512', 'RS256', 'ES256', 'EdDSA']).default('RS512'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  BCRYPT_COST: whole(4, 15).default(10),
  INVITATION_HOURS: whole(1, 720).default(168),
  AUTO_ACTIVATE_KNOWN_USERS: flag.default(false),
  NODE_ENV: z.string().optional(),
})

type Variables = z.infer<typeof schema>

const trimmed = (url: string): string => url.replace(/\/+$/, '')

function urls(env: Variables): Pick<Config, 'issuer' | 'apiUrl' | 'authorizeUrl' | 'domain'> {
  const local = `http://localhost:${env.PORT}`
  const { DOMAIN: domain } = env
  return {
    issuer: trimmed(env.ISSUER ?? (domain ? `https://auth.${domain}` : local)),
    apiUrl: trimmed(env.API_URL ?? (domain ? `https://provisioning.${domain}/api` : `${local}/api`)),
    authorizeUrl: `${domain ? `https://dashboard.${domain}` : trimmed(env.ISSUER ?? local)}/oauth/authorize`,
    domain: domain ?? `localhost:${env.PORT}`,
  }
}

/** Reads the environment into one frozen object. An empty variable counts as not set.
 *  @throws ConfigError with one line for every bad variable */
export function readConfig(env: Record<string, string | undefined>): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = schema.safeParse(present)
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
  }
  const variables = parsed.data
  return Object.freeze({
    port: variables.PORT,
    // The embedded engine is for evaluation: it listens to this machine only, unless told otherwise.
    host: variables.HOST ?? (variables.DATABASE_URL ? '::' : '127.0.0.1'),
    databaseUrl: variables.DATABASE_URL,
    databasePoolSize: variables.DATABASE_POOL,
    statementTimeoutMs: variables.STATEMENT_TIMEOUT_MS,
    dataDir: variables.DATA_DIR,
    secretKey: variables.SECRET_KEY,
    ...urls(variables),
    tokenAlg: variables.TOKEN_ALG,
    logLevel: variables.LOG_LEVEL,
    bcryptCost: variables.BCRYPT_COST,
    invitationSeconds: variables.INVITATION_HOURS * 3600,
    autoActivateKnownUsers: variables.AUTO_ACTIVATE_KNOWN_USERS,
    production: variables.NODE_ENV === 'production',
  })
}
