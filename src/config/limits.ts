/** So many in so many seconds. */
export interface Rate {
  readonly points: number
  readonly seconds: number
}

/** Every limit with its variable and its default. Sources: CONTRACT 8 for the first and the next four; the rest is ours. */
export const LIMITS = {
  // By address.
  token: { variable: 'RATE_LIMIT_TOKEN', points: 30, seconds: 60 },
  read: { variable: 'RATE_LIMIT_READ', points: 1000, seconds: 60 },
  write: { variable: 'RATE_LIMIT_WRITE', points: 200, seconds: 60 },
  // By address and endpoint.
  read_burst: { variable: 'RATE_LIMIT_READ_BURST', points: 250, seconds: 10 },
  write_burst: { variable: 'RATE_LIMIT_WRITE_BURST', points: 50, seconds: 10 },
  // Over all addresses: of a machine, of a person, of all that act in one organization.
  client: { variable: 'RATE_LIMIT_CLIENT', points: 3000, seconds: 60 },
  account: { variable: 'RATE_LIMIT_ACCOUNT', points: 3000, seconds: 60 },
  organization: { variable: 'RATE_LIMIT_ORGANIZATION', points: 12_000, seconds: 60 },
  // By client_id. A storefront's one client asks for each of its visitors.
  token_client: { variable: 'RATE_LIMIT_TOKEN_CLIENT', points: 12_000, seconds: 60 },
  // Wrong secrets, by client_id and address. Source: RFC 6749 §2.3.1.
  client_secret: { variable: 'RATE_LIMIT_CLIENT_SECRET', points: 10, seconds: 60 },
  // Passwords that are tried: for one account from one address, from one address for any, and for one account from all
  // addresses that it has not been signed in to from before (also second factors).
  sign_in_account: { variable: 'RATE_LIMIT_SIGN_IN_ACCOUNT', points: 10, seconds: 900 },
  sign_in_address: { variable: 'RATE_LIMIT_SIGN_IN_ADDRESS', points: 100, seconds: 900 },
  sign_in_stranger: { variable: 'RATE_LIMIT_SIGN_IN_STRANGER', points: 50, seconds: 3600 },
  // Second factors that are tried, by account and address.
  second_factor: { variable: 'RATE_LIMIT_SECOND_FACTOR', points: 5, seconds: 300 },
  // By address.
  sign_up: { variable: 'RATE_LIMIT_SIGN_UP', points: 20, seconds: 3600 },
  // By account, whether it exists or not.
  password_reset: { variable: 'RATE_LIMIT_PASSWORD_RESET', points: 5, seconds: 3600 },
  // Mails that somebody's request makes us send to one mailbox.
  mail: { variable: 'RATE_LIMIT_MAIL', points: 20, seconds: 3600 },
  // One invitation sent again.
  invitation: { variable: 'RATE_LIMIT_INVITATION', points: 3, seconds: 180 },
  // User codes that are tried, by address. Source: RFC 8628 §5.1.
  device_code: { variable: 'RATE_LIMIT_DEVICE_CODE', points: 10, seconds: 600 },
  // Pushed authorization requests, by client_id and address. Source: RFC 9126 §7.
  pushed_request: { variable: 'RATE_LIMIT_PUSHED_REQUEST', points: 60, seconds: 60 },
} as const satisfies Record<string, Rate & { variable: string }>

/** What can be limited. */
export type LimitName = keyof typeof LIMITS
/** The rate of every limit. */
export type Rates = Readonly<Record<LimitName, Rate>>

const FORM = /^([1-9]\d{0,6})\/([1-9]\d{0,4})$/
const LONGEST_SECONDS = 86_400

/** Reads the variables of the limits, e.g. `RATE_LIMIT_TOKEN=30/60`: thirty in sixty seconds. An absent one is the default.
 *  @returns with `rates` one line of `problems` for every bad variable */
export function readRates(env: Record<string, string | undefined>): { rates: Rates; problems: string[] } {
  const problems: string[] = []
  const entries = Object.entries(LIMITS).map(([name, { variable, points, seconds }]) => {
    const text = env[variable]
    if (text === undefined) return [name, { points, seconds }]
    const [, most = '', within = ''] = FORM.exec(text) ?? []
    const rate = { points: Number(most), seconds: Number(within) }
    if (most === '' || rate.seconds > LONGEST_SECONDS)
      problems.push(`${variable}: must be a number and seconds (a day at most), such as ${points}/${seconds}`)
    return [name, rate]
  })
  return { rates: Object.fromEntries(entries) as Rates, problems }
}
