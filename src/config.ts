import { z } from 'zod'
import { type Rates, readRates } from './config/limits.js'
import { whole } from './config/numbers.js'
import { isAddressList } from './config/proxies.js'
import { addresses, resourceUris } from './config/uris.js'

/** Everything that the environment decides. Units are in the names. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly databaseUrl: string | undefined
  readonly databasePoolSize: number
  readonly statementTimeoutMs: number
  /** After so long a request is answered with 503, whatever it waits for. */
  readonly requestTimeoutMs: number
  readonly dataDir: string
  /** Master secret from which the pepper and the key-encryption key are derived; undefined: kept in `dataDir`. */
  readonly secretKey: string | undefined
  readonly issuer: string
  readonly apiUrl: string
  readonly authorizeUrl: string
  /** Domain under which organizations have their `slug`. */
  readonly domain: string
  readonly tokenAlg: 'RS512' | 'RS256' | 'ES256' | 'EdDSA'
  /** Age at which signing keys are followed by new ones; 0: never by schedule. */
  readonly keyRotationDays: number
  readonly logLevel: string
  readonly bcryptCost: number
  readonly invitationSeconds: number
  /** Browser sessions: over after so long, and after so long without use. Organizations may ask for less. */
  readonly sessionMaxSeconds: number
  readonly sessionIdleSeconds: number
  readonly autoActivateKnownUsers: boolean
  readonly production: boolean
  /** Where the pages for people are: the base of links in mails. */
  readonly pagesUrl: string
  /** Where the console lives: the built-in client may return there, besides to loopback. */
  readonly dashboardRedirectUris: readonly string[]
  /** Resource servers that tokens may be asked for besides this one (RFC 8707). */
  readonly resources: readonly string[]
  /** `smtp://` or `smtps://`; undefined: mails are shown at /dev/mail (in production they wait). */
  readonly smtpUrl: string | undefined
  readonly mailFrom: string
  /** Name servers (`ip` or `ip:port`) that prove the domains of identity providers; empty: the system's. */
  readonly dnsServers: readonly string[]
  /** Whether this instance runs the background jobs. */
  readonly jobs: boolean
  /** Who may read /metrics; undefined: who asks from this machine. */
  readonly metricsToken: string | undefined
  /** Where spans are sent, by OTLP over HTTP; undefined: none are made. */
  readonly otlpEndpoint: string | undefined
  /** RATE_LIMITS: off for load tests only. */
  readonly rateLimits: boolean
  readonly rates: Rates
  /** Addresses and networks of the proxies whose `X-Forwarded-For` is believed; empty: nobody's. */
  readonly trustedProxies: readonly string[]
  /** What a caller's own back end proves itself with, to be limited by its visitor's address. Source: CONTRACT 5.1 */
  readonly backendAuth: string | undefined
}

/** Thrown by readConfig: names every bad variable at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

const flag = z.enum(['true', 'false', '1', '0', 'on', 'off']).transform((value) => ['true', '1', 'on'].includes(value))
const servers = z
  .string()
  .regex(/^[0-9a-fA-F.:[\],]+$/, 'must be IP addresses, with ports if need be, separated by commas')
  .transform((value) => value.split(',').filter((one) => one !== ''))
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
  REQUEST_TIMEOUT_MS: whole(1000, 600_000).default(15_000),
  DATA_DIR: z.string().default('./data'),
  SECRET_KEY: z.string().min(32, 'must have at least 32 characters; make one with: openssl rand -base64 48').optional(),
  DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]+(:\d+)?$/i, 'must be a host name, with a port if need be, and nothing else')
    .optional(),
  ISSUER: webUrl.optional(),
  API_URL: webUrl.optional(),
  TOKEN_ALG: z.enum(['RS512', 'RS256', 'ES256', 'EdDSA']).default('RS512'),
  KEY_ROTATION_DAYS: whole(0, 365).default(90),
  DNS_SERVERS: servers.default([]),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  BCRYPT_COST: whole(4, 15).default(10),
  INVITATION_HOURS: whole(1, 720).default(168),
  SESSION_HOURS: whole(1, 8760).default(336),
  SESSION_IDLE_HOURS: whole(1, 8760).default(72),
  AUTO_ACTIVATE_KNOWN_USERS: flag.default(false),
  DASHBOARD_REDIRECT_URIS: addresses.default([]),
  RESOURCES: resourceUris.default([]),
  NODE_ENV: z.string().optional(),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/./, 'must begin with smtp:// or smtps://')
    .refine((value) => URL.canParse(value), 'must be a URL: smtp://user:password@host:port')
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]*@[A-Za-z0-9.-]+>?$/, 'must be an address, such as Gatehouse <no-reply@example.com>')
    .optional(),
  JOBS: flag.default(true),
  RATE_LIMITS: flag.default(true),
  TRUSTED_PROXIES: z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    )
    .refine(isAddressList, 'must be addresses or networks, such as 10.0.0.0/8, separated by commas')
    .default([]),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
  METRICS_TOKEN: z
    .string()
    .regex(/^[A-Za-z0-9._~+/-]{16,}=*$/, 'must have at least 16 letters and digits, and no blank')
    .optional(),
  BACKEND_AUTH: z.string().min(16, 'must have at least 16 characters').optional(),
})

type Variables = z.infer<typeof schema>

const trimmed = (url: string): string => url.replace(/\/+$/, '')

type Urls = 'issuer' | 'apiUrl' | 'authorizeUrl' | 'pagesUrl' | 'domain' | 'dashboardRedirectUris' | 'resources'

function urls(env: Variables): Pick<Config, Urls> {
  const local = `http://localhost:${env.PORT}`
  const { DOMAIN: domain } = env
  const pagesUrl = domain ? `https://dashboard.${domain}` : trimmed(env.ISSUER ?? local)
  return {
    issuer: trimmed(env.ISSUER ?? (domain ? `https://auth.${domain}` : local)),
    apiUrl: trimmed(env.API_URL ?? (domain ? `https://provisioning.${domain}/api` : `${local}/api`)),
    authorizeUrl: `${pagesUrl}/oauth/authorize`,
    pagesUrl,
    domain: domain ?? `localhost:${env.PORT}`,
    dashboardRedirectUris: env.DASHBOARD_REDIRECT_URIS,
    resources: env.RESOURCES,
  }
}

/** Reads the environment into one frozen object. An empty variable counts as not set.
 *  @throws ConfigError with one line for every bad variable */
export function readConfig(env: Record<string, string | undefined>): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = schema.safeParse(present)
  const { rates, problems } = readRates(present)
  if (!parsed.success || problems.length > 0) {
    const issues = parsed.error?.issues ?? []
    throw new ConfigError([...issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`), ...problems])
  }
  const variables = parsed.data
  return Object.freeze({
    port: variables.PORT,
    // The embedded engine is for evaluation: it listens to this machine only, unless told otherwise.
    host: variables.HOST ?? (variables.DATABASE_URL ? '::' : '127.0.0.1'),
    databaseUrl: variables.DATABASE_URL,
    databasePoolSize: variables.DATABASE_POOL,
    statementTimeoutMs: variables.STATEMENT_TIMEOUT_MS,
    requestTimeoutMs: variables.REQUEST_TIMEOUT_MS,
    dataDir: variables.DATA_DIR,
    secretKey: variables.SECRET_KEY,
    ...urls(variables),
    tokenAlg: variables.TOKEN_ALG,
    keyRotationDays: variables.KEY_ROTATION_DAYS,
    logLevel: variables.LOG_LEVEL,
    bcryptCost: variables.BCRYPT_COST,
    dnsServers: variables.DNS_SERVERS,
    invitationSeconds: variables.INVITATION_HOURS * 3600,
    sessionMaxSeconds: variables.SESSION_HOURS * 3600,
    sessionIdleSeconds: variables.SESSION_IDLE_HOURS * 3600,
    autoActivateKnownUsers: variables.AUTO_ACTIVATE_KNOWN_USERS,
    production: variables.NODE_ENV === 'production',
    smtpUrl: variables.SMTP_URL,
    mailFrom: variables.MAIL_FROM ?? `Gatehouse <no-reply@${(variables.DOMAIN ?? 'localhost').replace(/:\d+$/, '')}>`,
    jobs: variables.JOBS,
    otlpEndpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT && trimmed(variables.OTEL_EXPORTER_OTLP_ENDPOINT),
    metricsToken: variables.METRICS_TOKEN,
    rateLimits: variables.RATE_LIMITS,
    rates,
    trustedProxies: variables.TRUSTED_PROXIES,
    backendAuth: variables.BACKEND_AUTH,
  })
}
