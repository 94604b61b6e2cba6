let format: Intl.DateTimeFormat | undefined

/** A moment in words, in UTC: `22 November 2026 at 20:16`. Its format is made at first use, which takes some 50 ms. */
export function moment(at: Date): string {
  format ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return format.format(at)
}
