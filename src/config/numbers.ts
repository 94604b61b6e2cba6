import { z } from 'zod'

/** A variable that is a whole number, both ends included. */
export const whole = (low: number, high: number) => {
  const error = `must be a whole number from ${low} to ${high}`
  return z.coerce.number({ error }).int(error).min(low, error).max(high, error)
}
