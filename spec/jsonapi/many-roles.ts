import { newId } from '../../src/ids.js'
import type { Body, Owner } from '../support/api.js'
import type { Service } from '../support/service.js'
import { examine } from './exam.js'

/** Gives an owner's organization roles of which six share each time, some share each reference, and some have none, so that
 *  ties are the rule. `label`: what references begin with; `references`: how many there are. */
export async function makeManyRoles(
  { service, owner }: { service: Service; owner: Owner },
  count: number,
  { label = 'ref', references = 4 } = {},
): Promise<void> {
  const now = Date.now()
  const rows = Array.from({ length: count }, (_, index) => {
    const at = new Date(now + 1000 * Math.floor(index / 6))
    const reference = index % 5 === 0 ? null : `${label} ${index % references}`
    const row = { organization_id: owner.organizationId, id: newId(), name: `Role ${index}`, kind: 'custom' }
    return { ...row, reference, created_at: at, updated_at: at }
  })
  await service.db.knex.batchInsert('roles', rows, 500)
}

/** Reads a document that must be one, by whoever it is for. */
export async function getExamined(owner: Owner, path: string): Promise<Body> {
  const { status, body } = await owner.get(path)
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  examine(body)
  return body
}
