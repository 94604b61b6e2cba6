import { randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import type { Job, JobContext } from './job.js'

/** How often an idle instance looks for a job that is due. */
const BEAT_MS = 1000
/** How long a claim holds without being renewed: after that the instance counts as gone. */
const LEASE_SECONDS = 60
const RENEW_MS = 20_000
const LONGEST_BACK_OFF_SECONDS = 3600

/** Runs jobs in this process when they are due. */
export interface Runner {
  start(): Promise<void>
  /** Claims and runs what is due now, one after the other; answers the names.  Never throws for a job that fails. */
  runDue(): Promise<string[]>
  /** Starts nothing new and waits for the job that runs. */
  stop(): Promise<void>
}

/** What a runner needs. */
export interface RunnerOptions {
  readonly knex: Knex
  readonly jobs: readonly Job[]
  readonly log: JobContext['log']
  /** The rest of each run's context. */
  readonly context: Omit<JobContext, 'knex' | 'log' | 'now' | 'signal'>
  readonly clock: () => Date
}

interface Claim {
  name: string
  failures: number
}

/** A failure is tried again after 2, 4, 8 … periods, at most an hour. */
const pauseSeconds = ({ everySeconds }: Job, failures: number): number =>
  failures === 0
    ? everySeconds
    : Math.min(everySeconds * 2 ** failures, Math.max(everySeconds, LONGEST_BACK_OFF_SECONDS))

/** The claims of one instance. All times are the database's: the clocks of instances may differ. */
function createClaims(knex: Knex, jobs: readonly Job[], me: string) {
  const names = jobs.map(({ name }) => name)
  return {
    /** Gives new jobs their row. */
    register: () =>
      asAuth(knex, (trx) =>
        trx('jobs')
          .insert(names.map((name) => ({ name })))
          .onConflict('name')
          .ignore(),
      ),
    /** One due job, which is ours from now on; undefined when nothing is due. */
    claim: () =>
      asAuth(knex, async (trx) => {
        const answer = await trx.raw<{ rows: Claim[] }>(
          `update jobs set locked_until = now() + make_interval(secs => ?), locked_by = ?, last_started_at = now()
            where name = (select name from jobs
              where name = any (?) and next_run_at <= now() and (locked_until is null or locked_until <= now())
              order by next_run_at limit 1 for update skip locked)
            returning name, failures`,
          [LEASE_SECONDS, me, names],
        )
        return answer.rows[0]
      }),
    renew: (name: string) =>
      asAuth(knex, (trx) =>
        trx.raw(`update jobs set locked_until = now() + make_interval(secs => ?) where name = ? and locked_by = ?`, [
          LEASE_SECONDS,
          name,
          me,
        ]),
      ),
    /** Gives the job back; `error` is the name of what went wrong, or null. */
    release: (job: Job, { error, failures }: { error: string | null; failures: number }) =>
      asAuth(knex, (trx) =>
        trx.raw(
          `update jobs set locked_until = null, locked_by = null, last_finished_at = now(), last_error = :error,
            failures = :failures, next_run_at = now() + make_interval(secs => :pause)
            where name = :name and locked_by = :me`,
          { name: job.name, me, error, failures, pause: pauseSeconds(job, failures) },
        ),
      ),
  }
}

type Claims = ReturnType<typeof createClaims>

/** Runs a claimed job to its end, whatever that is, and gives it back. */
async function runClaimed(
  job: Job,
  { claim, claims, options, signal }: { claim: Claim; claims: Claims; options: RunnerOptions; signal: AbortSignal },
) {
  const { log, knex, context, clock } = options
  const renewal = setInterval(() => void claims.renew(job.name).catch(() => undefined), RENEW_MS)
  let failure: string | null = null
  try {
    await job.run({ ...context, knex, log, now: clock(), signal })
  } catch (error) {
    failure = error instanceof Error ? error.name : 'Error'
    log.error({ err: error, job: job.name }, 'a background job failed; it will be tried again')
  } finally {
    clearInterval(renewal)
  }
  await claims.release(job, { error: failure, failures: failure === null ? 0 : claim.failures + 1 })
}

/** Makes the runner of an instance. Ten instances run a due job once: it is claimed by one `update`. Source: DESIGN 3.8 */
export function createRunner(options: RunnerOptions): Runner {
  const { knex, jobs, log } = options
  const claims = createClaims(knex, jobs, randomUUID())
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let current: Promise<unknown> = Promise.resolve()
  let failing = false

  async function runDue(): Promise<string[]> {
    const done: string[] = []
    while (!stopping.signal.aborted) {
      const claim = await claims.claim()
      const job = jobs.find(({ name }) => name === claim?.name)
      if (claim === undefined || job === undefined) break
      await runClaimed(job, { claim, claims, options, signal: stopping.signal })
      done.push(job.name)
      // Enough for one call: a job that is always due must not keep the others from their turn.
      if (done.length >= jobs.length) break
    }
    return done
  }
  async function beat(): Promise<void> {
    try {
      await runDue()
      failing = false
    } catch (error) {
      // The database is away: said once, and tried at each beat.
      if (!failing && !stopping.signal.aborted) log.error({ err: error }, 'background jobs cannot be claimed')
      failing = true
    }
    next()
  }
  function next(): void {
    if (stopping.signal.aborted) return
    timer = setTimeout(() => {
      current = beat()
    }, BEAT_MS).unref()
  }

  return {
    async start() {
      await claims.register()
      next()
    },
    runDue,
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await current
    },
  }
}
