import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import { createMailer } from '../outbox/mailer.js'
import type { KeyChanges } from '../tokens/key-rotation.js'
import { expireInvitations } from './expire-invitations.js'
import type { Job } from './job.js'
import { purgeOrganizations } from './purge-organizations.js'
import { retireSecrets } from './retire-secrets.js'
import { rotateKeys } from './rotate-keys.js'
import { createRunner, type Runner, type RunnerOptions } from './runner.js'
import { sendMail } from './send-mail.js'
import { sweep } from './sweep.js'
import { verifyDomains } from './verify-domains.js'

/** Every background job. Adding one adds a file and a line here. */
export const jobs: readonly Job[] = [
  sendMail,
  expireInvitations,
  retireSecrets,
  purgeOrganizations,
  sweep,
  verifyDomains,
  rotateKeys,
]

interface JobsOptions extends Omit<RunnerOptions, 'jobs' | 'context'> {
  readonly config: Pick<
    Config,
    'jobs' | 'smtpUrl' | 'mailFrom' | 'pagesUrl' | 'production' | 'dnsServers' | 'keyRotationDays'
  >
  readonly secrets: Secrets
  readonly keys: KeyChanges
  readonly log: Logger
}

/** The background jobs of an instance. With JOBS=off, `start` starts none. */
export function createJobs({ config, secrets, keys, ...options }: JobsOptions): Runner {
  const { log } = options
  const mailer = createMailer({ ...config, log })
  const { dnsServers, keyRotationDays } = config
  const context = { secrets, mailer, dnsServers, keys, keyRotationDays }
  const runner = createRunner({ ...options, jobs, context })
  return {
    ...runner,
    async start() {
      if (!config.jobs) return
      if (mailer === undefined) log.warn('SMTP_URL is not set: mails wait in the outbox until it is')
      await runner.start()
    },
    async stop() {
      await runner.stop()
      mailer?.close()
    },
  }
}
