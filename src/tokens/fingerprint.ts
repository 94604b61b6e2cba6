import type { Database } from '../db/connect.js'
import { asAuth } from '../db/roles.js'

const NAME = 'secret_key_fingerprint'

/** Compares the fingerprint of the master key with the one this database was made with; the first start stores it.
 *  @throws Error with a text for the operator when they differ: every secret and key in the database would be unreadable */
export async function checkFingerprint(db: Pick<Database, 'knex'>, fingerprint: string): Promise<void> {
  const stored = await asAuth(db.knex, async (trx) => {
    await trx('settings').insert({ name: NAME, value: fingerprint }).onConflict('name').ignore()
    return trx('settings').where({ name: NAME }).first<{ value: string } | undefined>('value')
  })
  if (stored?.value !== fingerprint) {
    throw new Error(
      'The SECRET_KEY is not the one this database was made with. Set SECRET_KEY (or put back secret.key in DATA_DIR) ' +
        'to the value it had: client secrets and signing keys in the database cannot be read with another one.',
    )
  }
}
