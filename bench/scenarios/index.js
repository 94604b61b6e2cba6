import { bearer } from './bearer.js'
import { embedded } from './embedded.js'
import { growth } from './growth.js'
import { memory } from './memory.js'
import { passwords } from './passwords.js'
import { reads } from './reads.js'
import { refresh } from './refresh.js'
import { revocation } from './revocation.js'
import { starts } from './starts.js'
import { tokens } from './tokens.js'
import { workers } from './workers.js'
import { writes } from './writes.js'

/** Everything that can be measured, in the order of the report. */
export const scenarios = [
  { name: 'tokens', run: tokens },
  { name: 'refresh', run: refresh },
  { name: 'workers', run: workers },
  { name: 'passwords', run: passwords },
  { name: 'reads', run: reads },
  { name: 'writes', run: writes },
  { name: 'bearer', run: bearer },
  { name: 'revocation', run: revocation },
  { name: 'starts', run: starts },
  { name: 'embedded', run: embedded },
  { name: 'memory', run: memory },
  { name: 'growth', run: growth },
]
