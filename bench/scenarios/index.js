import { reads } from './reads.js'
import { tokens } from './tokens.js'
import { writes } from './writes.js'

/** Everything that can be measured, in the order of the report. */
export const scenarios = [
  { name: 'tokens', run: tokens },
  { name: 'reads', run: reads },
  { name: 'writes', run: writes },
]
