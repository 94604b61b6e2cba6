import { type Api, type Body, change, type Owner, resource } from './api.js'

type Links = Record<string, [string, string]>

/** Creates a resource in an owner's organization and answers its document. */
export async function make(
  owner: Owner,
  type: string,
  options: { attributes?: Record<string, unknown>; links?: Links; many?: Record<string, [string, string][]> } = {},
): Promise<Body> {
  const { attributes = {}, links = {}, many = {} } = options
  const body = resource(type, attributes, { organization: ['organizations', owner.organizationId], ...links })
  for (const [name, targets] of Object.entries(many)) {
    body.data.relationships[name] = { data: targets.map(([target, id]) => ({ type: target, id })) }
  }
  const made = await owner.post(`/${type}`, body)
  if (made.status !== 201) throw new Error(`${type}: ${JSON.stringify(made.body)}`)
  return made.body.data
}

/** Two markets of one merchant with their stock locations and a store each: `usa` (w1, w2, ny) and `eu` (w3, rome). */
export async function aShop(owner: Owner) {
  const named = (name: string) => ({ name, code: name })
  const merchant = await make(owner, 'merchants', { attributes: named('acme') })
  const stock = async (name: string) => make(owner, 'stock_locations', { attributes: named(name) })
  const [w1, w2, w3] = [await stock('w1'), await stock('w2'), await stock('w3')]
  const market = async (name: string, locations: Body[], attributes = {}) =>
    make(owner, 'markets', {
      attributes: { ...named(name), ...attributes },
      links: { merchant: ['merchants', merchant.id] },
      many: { stock_locations: locations.map(({ id }) => ['stock_locations', id]) },
    })
  const usa = await market('usa', [w1, w2], { geocoder_id: 'GeoCodErID', allows_external_prices: true })
  const eu = await market('eu', [w3])
  const store = (name: string, of: Body, at: Body) =>
    make(owner, 'stores', {
      attributes: named(name),
      links: { market: ['markets', of.id], stock_location: ['stock_locations', at.id] },
    })
  return { merchant, w1, w2, w3, usa, eu, ny: await store('ny', usa, w1), rome: await store('rome', eu, w3) }
}

export type Shop = Awaited<ReturnType<typeof aShop>>

/** Names of what a list shows, sorted; the status where it is refused. */
export async function namesIn(api: Api, path: string): Promise<string[] | number> {
  const reply = await api.get(path)
  return reply.status === 200 ? reply.body.data.map((one: Body) => one.attributes.name).sort() : reply.status
}

/** A permission for everything. */
export const ALL = { can_create: true, can_read: true, can_update: true, can_destroy: true }

/** A role that may do everything with some subjects, and what every role may. Answers its id. */
export async function aRole(owner: Owner, name: string, ...subjects: string[]): Promise<string> {
  const { id } = await make(owner, 'roles', { attributes: { name } })
  for (const subject of subjects) {
    const [known] = (await owner.get(`/roles/${id}/permissions?filter[q][subject_eq]=${subject}`)).body.data
    const done =
      known === undefined
        ? await owner.post('/permissions', resource('permissions', { subject, ...ALL }, { role: ['roles', id] }))
        : await owner.patch(`/permissions/${known.id}`, change('permissions', known.id, ALL))
    if (done.status >= 300) throw new Error(`${subject}: ${JSON.stringify(done.body)}`)
  }
  return id
}
