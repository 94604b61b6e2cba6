import { createHmac } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { compare, genSaltSync, getRounds, hash } from 'bcrypt'
import { AppError } from '../errors.js'

// One core stays free: with every thread of the pool in bcrypt, signatures and file reads wait behind passwords.
const SLOTS = Math.max(1, availableParallelism() - 1)
const QUEUE = SLOTS * 16

let running = 0
let inside = 0
const waiting: (() => void)[] = []

const tooMany = (): AppError =>
  new AppError('too_many', {
    detail: 'Too many sign-ins at once. Try again in a second.',
    headers: { 'Retry-After': '1' },
  })

let refusal: Promise<void> = Promise.resolve()

/** Comes when it is this refusal's turn: one in each turn of the event loop. Two hundred who are refused in one piece would
 *  keep everybody else waiting, whatever they ask for. */
function turnOfRefusal(): Promise<void> {
  refusal = refusal.then(() => new Promise((resolve) => setImmediate(resolve)))
  return refusal
}

/** Does what leads to a hash and the hash itself, if there is room for one more. Who is one too many has cost next to
 *  nothing then: neither a try that is counted nor a look-up. Source: ATTACKS S7
 *  @throws AppError too_many, with `Retry-After`; else what `work` throws */
export async function inLine<T>(work: () => Promise<T>): Promise<T> {
  if (inside >= SLOTS + QUEUE) {
    await turnOfRefusal()
    throw tooMany()
  }
  inside += 1
  try {
    return await work()
  } finally {
    inside -= 1
  }
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= SLOTS) {
    if (waiting.length >= QUEUE) throw tooMany()
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else {
    running += 1
  }
  try {
    return await work()
  } finally {
    // The slot is handed over, not freed, so that a newcomer cannot overtake the queue.
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

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
