import { createHmac } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { compare, genSaltSync, getRounds, hash } from 'bcrypt'
import { AppError } from '../errors.js'

// One core stays free: with every thread of the pool in bcrypt, signatures and file reads wait behind passwords.
const SLOTS = Math.max(1, availableParallelism() - 1)
const QUEUE = SLOTS * 16

const tooMany = (): AppError =>
  new AppError('too_many', {
    detail: 'Too many sign-ins at once. Try again in a second.',
    headers: { 'Retry-After': '1' },
  })

const SPREAD_MS = 1000
const STEP_MS = 5
const refused: (() => void)[] = []
let refusing: NodeJS.Timeout | undefined

function refuseInTurn(): void {
  let share = 0
  refusing = setInterval(() => {
    share = Math.max(share, Math.ceil((refused.length * STEP_MS) / SPREAD_MS))
    for (const refuse of refused.splice(0, share)) refuse()
    if (refused.length > 0) return
    clearInterval(refusing)
    refusing = undefined
  }, STEP_MS)
}

/** Comes when it is this refusal's turn: those who are refused at once are answered over a second. In one piece they would
 *  keep everybody else waiting, whatever they ask for; and they would come again in one piece. */
function turnOfRefusal(): Promise<void> {
  if (refusing === undefined) refuseInTurn()
  return new Promise((resolve) => refused.push(resolve))
}

/** So many are served or wait, at most. */
const MOST = SLOTS + QUEUE

interface Line {
  serve<T>(work: () => Promise<T>): Promise<T>
  /** Whether somebody waits. */
  isWaited(): boolean
}

/** Serves `places` at a time, in the order they come; who is one too many is refused once `refusal` comes. */
function createLine(places: number, refusal: () => Promise<void>): Line {
  let inside = 0
  const waiting: (() => void)[] = []
  return {
    async serve(work) {
      if (inside >= MOST) {
        await refusal()
        throw tooMany()
      }
      inside += 1
      try {
        if (inside > places) await new Promise<void>((resolve) => waiting.push(resolve))
        return await work()
      } finally {
        // Who waits is inside already, so that a newcomer cannot overtake the line.
        inside -= 1
        waiting.shift()?.()
      }
    },
    isWaited: () => waiting.length > 0,
  }
}

const { serve: inTurn } = createLine(SLOTS, async () => undefined)
const signIns = createLine(SLOTS + 1, turnOfRefusal)

/** Does what leads to a hash and the hash itself, if there is room for one more, one after the other: while some are
 *  hashed, as little as one more is looked up, and the database is free for everybody else. Who is one too many has cost
 *  next to nothing: neither a try that is counted nor a look-up. Source: ATTACKS S7
 *  @throws AppError too_many, with `Retry-After`; else what `work` throws */
export const inLine = signIns.serve

/** Whether people who sign in wait for each other. */
export const isCrowd = signIns.isWaited

// bcrypt reads 72 bytes and stops at NUL; 384 bits in base64 are 64 characters without one.
const shortened = (password: string): string =>
  createHmac('sha384', 'gatehouse password 1').update(password.normalize('NFKC')).digest('base64')

/** Hashes a password that a person chose.
 *  `cost` is bcrypt's (2^cost rounds); any length and any character count. Throws `too_many` when the queue is full. */
export function hashPassword(password: string, cost: number): Promise<string> {
  return inTurn(() => hash(shortened(password), cost))
}

/** Whether `password` is the one that `hashed` was made from. Throws `too_many` when the queue is full. */
export function checkPassword(password: string, hashed: string): Promise<boolean> {
  return inTurn(() => compare(shortened(password), hashed))
}

/** A hash of no password, for who has none or is not there: checking against it takes as long as any other check and
 *  always fails. `cost` is that of real hashes. Source: ATTACKS S3 */
export const hashOfNothing = (cost: number): string => `${genSaltSync(cost)}${'.'.repeat(31)}`

/** The cost of a hash. */
export const costOf = (hashed: string): number => getRounds(hashed)

/** Where the hash of one password is kept. */
export interface KeptHash {
  /** Puts a hash in the place of the one that was read.  @returns whether that was still there */
  replace(hashed: string): Promise<boolean>
  /** The hash that is kept now; undefined when there is none. */
  read(): Promise<string | undefined>
}

/** Keeps the hash of a password that was just right under the cost that is set now: else those from before a change of
 *  BCRYPT_COST would take another time than the others, and than those that nobody has (ATTACKS S3).
 *  @returns the hash that the password has now; the old one when it is the password no more */
export async function renewKept(
  { password, hashed, cost }: { password: string; hashed: string; cost: number },
  kept: KeptHash,
): Promise<string> {
  if (costOf(hashed) === cost) return hashed
  const renewed = await hashPassword(password, cost)
  if (await kept.replace(renewed)) return renewed
  // Another sign-in at this moment may have renewed it, too.
  const other = await kept.read()
  return other !== undefined && (await checkPassword(password, other)) ? other : hashed
}
