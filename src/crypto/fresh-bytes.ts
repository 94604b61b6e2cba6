import { randomFillSync } from 'node:crypto'

const DRAW = 4096
let drawn = Buffer.alloc(0)
let used = 0

/** `size` random bytes that nobody gets twice, cut from a larger draw: calling the generator costs more than its bytes. */
export function freshBytes(size: number): Buffer {
  if (used + size > drawn.length) {
    drawn = randomFillSync(Buffer.allocUnsafeSlow(Math.max(DRAW, size)))
    used = 0
  }
  used += size
  return drawn.subarray(used - size, used)
}
