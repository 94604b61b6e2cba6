import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Evaluate, evaluate } from '../../src/access/abilities.js'
import { can } from '../../src/jsonapi/registry.js'
import { compileResources } from '../../src/resources/index.js'
import {
  type Api,
  anApplication,
  anOwner,
  api as apiAt,
  type Body,
  call,
  change,
  type Owner,
  type Reply,
} from '../support/api.js'
import { changeableLinks, collections, type Fixtures, makeFixtures, sampleDocument } from '../support/fixtures.js'
import { type Service, startService } from '../support/service.js'

// Two organizations never see each other: generated from the registry, so that a type is covered the day it is listed,
// and run three times, so that each lock is proven alone (DESIGN 3.6). ATTACKS J1, J2, J5, J7.

const registry = compileResources({ domain: 'gatehouse.test' })
const BYPASS = 'gatehouse_spec_bypass'
const NEVER = 'ZZZZZZZZZZ'
/** Types that only a person who owns an organization makes: to others every create is the same refusal. */
const OWNERS_ONLY = new Set(['identity_providers'])

/** Opens the door: everybody may do everything everywhere, so that only row security is left. */
const everywhere = new Set<string>()
const openDoor: Evaluate = (principal, grants) => ({
  ...evaluate(principal, grants),
  rows: () => ({ organizations: [...everywhere] }),
  may: () => true,
  holds: () => true,
})

async function makeBypassRole(service: Service): Promise<void> {
  await service.db.knex.raw(`do $$ begin
    if not exists (select from pg_roles where rolname = '${BYPASS}') then create role ${BYPASS} nologin bypassrls; end if;
    exception when duplicate_object or unique_violation then null;
  end $$`)
  await service.db.knex.raw(`grant gatehouse_api to ${BYPASS}; grant ${BYPASS} to current_user`)
}

const modes = {
  'both locks': {},
  'the door alone': { databaseRole: BYPASS },
  'row security alone': { evaluate: openDoor },
} as const

const dataOf = (reply: Reply): Body[] => [reply.body.data ?? []].flat()
const idsOf = (reply: Reply): string[] => [...dataOf(reply), ...(reply.body.included ?? [])].map((one: Body) => one.id)

// No request of any mode changes a row (the last tests of each say so), so they share two organizations.
let plain: Service
let alice: Owner
let bob: Owner
let machine: Awaited<ReturnType<typeof anApplication>>
let hers: Fixtures
let his: Fixtures
let herIds: Set<string>

beforeAll(async () => {
  plain = await startService()
  await makeBypassRole(plain)
  alice = await anOwner(plain, 'Alice and Sons')
  bob = await anOwner(plain, 'Bob and Daughters')
  hers = await makeFixtures(registry, alice)
  his = await makeFixtures(registry, bob)
  everywhere.add(alice.organizationId).add(bob.organizationId)
  machine = await anApplication(plain, bob, 'integration', { roleId: bob.roles.Admin as string })
  herIds = new Set(hers.values())
  for (const { name } of collections(registry))
    for (const id of idsOf(await alice.get(`/${name}?page[size]=100`))) herIds.add(id)
})
afterAll(() => plain?.stop())

describe.each(Object.keys(modes) as (keyof typeof modes)[])('with %s', (mode) => {
  let service: Service
  let callers: [name: string, api: Api][]

  beforeAll(async () => {
    service = await startService({ overrides: modes[mode], db: plain.db })
    const there = (token: string): Api => ({ ...apiAt(service, token) })
    callers = [['an owner', there(bob.token)]]
    // Which caller it is decides what the door says; row security is told the same of both.
    if (mode !== 'row security alone') callers.push(['an integration with the admin role', there(machine.token)])
  })
  afterAll(() => service?.stop())

  const asEach = async (work: (api: Api, name: string) => Promise<void>): Promise<void> => {
    for (const [name, api] of callers) await work(api, name)
  }
  const expectUnseen = async (
    api: Api,
    method: 'get' | 'patch' | 'delete' | 'post',
    path: (id: string) => string,
    body?: (id: string) => Body,
  ) => {
    const answers = []
    for (const id of [herId(path), NEVER]) {
      const reply = await api[method](path(id), body?.(id))
      answers.push({ status: reply.status, text: JSON.stringify(reply.body).replaceAll(id, 'ID') })
    }
    // 403 where the caller may do such a thing to nothing at all: the same for every id, so it tells nothing.
    expect([404, 403]).toContain(answers[0]?.status)
    expect(answers[0]).toEqual(answers[1])
  }
  const herId = (path: (id: string) => string): string => hers.get(path('').split('/')[1] ?? '') ?? ''

  test('the mode is what it says', async () => {
    const seen = await service.db.knex.transaction(async (trx) => {
      await trx.raw(`set local role ${mode === 'the door alone' ? BYPASS : 'gatehouse_api'}`)
      return (await trx('roles').select('id')).length
    })
    expect(seen > 0).toBe(mode === 'the door alone')
  })

  describe.each(collections(registry).map((one) => [one.name, one] as const))('%s', (name, target) => {
    test('J2 list and count', () =>
      asEach(async (api) => {
        const reply = await api.get(`/${name}?page[size]=100`)
        expect(reply.status).toBe(200)
        expect(dataOf(reply).length).toBeGreaterThan(0)
        expect(idsOf(reply).filter((id) => herIds.has(id))).toEqual([])
        expect(reply.body.meta.record_count).toBe(dataOf(reply).length)
      }))

    test('J1 retrieve, related and relationships answer as for an id that never was', () =>
      asEach(async (api) => {
        await expectUnseen(api, 'get', (id) => `/${name}/${id}`)
        for (const relationship of target.relationships.keys()) {
          await expectUnseen(api, 'get', (id) => `/${name}/${id}/${relationship}`)
          await expectUnseen(api, 'get', (id) => `/${name}/${id}/relationships/${relationship}`)
        }
      }))

    test('J2 filter, also through relationships', () =>
      asEach(async (api) => {
        const filters = [`id_eq=${hers.get(name)}`, `id_in=${hers.get(name)},${NEVER}`]
        for (const { name: relationship, target: to } of [...target.relationships.values()].filter((one) =>
          can(one, 'filter'),
        )) {
          filters.push(`${relationship}_id_eq=${hers.get(to)}`)
          if (registry.get(to).attributes.has('name')) filters.push(`${relationship}_name_start=Alice`)
        }
        for (const filter of filters) {
          const reply = await api.get(`/${name}?filter[q][${filter}`.replace('=', ']='))
          expect([filter, reply.status, reply.body.meta?.record_count]).toEqual([filter, 200, 0])
        }
      }))

    test('J2 sort and include', () =>
      asEach(async (api) => {
        const sortable = [...target.attributes.values()].filter((one) => can(one, 'sort')).map((one) => one.name)
        const include = [...target.relationships.keys()].join(',')
        // By everything at once, up and down: that each can be sorted by alone is the query's spec.
        for (const sort of ['id', sortable.join(','), sortable.map((one) => `-${one}`).join(',')]) {
          const reply = await api.get(`/${name}?page[size]=100&sort=${sort}&include=${include}`)
          expect(reply.status).toBe(200)
          expect(idsOf(reply).filter((id) => herIds.has(id))).toEqual([])
        }
      }))

    if (target.definition.verbs.create !== undefined && name !== 'organizations') {
      // In the mode without the door the evaluator lets everybody at everything.
      const refusalTo = (who: string): number =>
        OWNERS_ONLY.has(name) && who !== 'an owner' && mode !== 'row security alone' ? 403 : 404

      test('J7 create elsewhere', () =>
        asEach(async (api, who) => {
          const before = await alice.get(`/${name}?page[size]=1`)
          expect((await api.post(`/${name}`, sampleDocument(registry, target, hers))).status).toBe(refusalTo(who))
          expect((await alice.get(`/${name}?page[size]=1`)).body.meta.record_count).toBe(before.body.meta.record_count)
        }))

      test('J7 create with a link to elsewhere', () =>
        asEach(async (api, who) => {
          for (const { name: relationship, target: to, options, many } of target.relationships.values()) {
            if (!options.can.includes('create')) continue
            const body = sampleDocument(registry, target, his)
            const linkage = { type: registry.get(to).type, id: hers.get(to) }
            body.data.relationships[relationship] = { data: many ? [linkage] : linkage }
            expect([relationship, (await api.post(`/${name}`, body)).status]).toEqual([relationship, refusalTo(who)])
          }
        }))
    }

    if (target.definition.verbs.update !== undefined) {
      test('J1 update', () =>
        asEach((api) =>
          expectUnseen(
            api,
            'patch',
            (id) => `/${name}/${id}`,
            (id) => change(target.type, id, { reference: 'taken' }),
          ),
        ))

      test('J7 link', () =>
        asEach(async (api) => {
          for (const { name: relationship, target: to } of changeableLinks(target)) {
            const foreign: [string, string] = [registry.get(to).type, hers.get(to) ?? '']
            const patched = await api.patch(
              `/${name}/${his.get(name)}`,
              change(target.type, his.get(name) ?? '', {}, { [relationship]: foreign }),
            )
            expect(patched.status).toBe(404)
            const linked = await api.patch(`/${name}/${his.get(name)}/relationships/${relationship}`, {
              data: { type: foreign[0], id: foreign[1] },
            })
            expect(linked.status).toBe(404)
          }
        }))
    }

    const lists = [...target.relationships.values()].filter((one) => one.many && can(one, 'update'))
    if (lists.length > 0) {
      test('J7 link to many', () =>
        asEach(async (api) => {
          for (const { name: relationship, target: to } of lists) {
            const at = (id?: string) => `/${name}/${id}/relationships/${relationship}`
            const body = { data: [{ type: registry.get(to).type, id: hers.get(to) }] }
            for (const method of ['post', 'patch'] as const) {
              expect([method, (await api[method](at(his.get(name)), body)).status]).toEqual([method, 404])
            }
            for (const method of ['post', 'patch', 'delete'] as const) {
              expect([method, (await api[method](at(hers.get(name)), body)).status]).toEqual([method, 404])
            }
          }
        }))
    }

    if (target.definition.verbs.delete !== undefined) {
      test('J1 delete', () => asEach((api) => expectUnseen(api, 'delete', (id) => `/${name}/${id}`)))
    }

    const actions = Object.entries(target.definition.actions ?? {})
    if (actions.length > 0) {
      test.each(actions)('action %s', (action, { method }) =>
        asEach((api) =>
          expectUnseen(
            api,
            method.toLowerCase() as 'post',
            (id) => `/${name}/${id}/${action}`,
            () => ({ data: {} }),
          ),
        ),
      )
    }

    test('nothing without a token', async () => {
      for (const path of [`/${name}`, `/${name}/${hers.get(name)}`]) {
        expect((await call(service, `/api${path}`)).status).toBe(401)
      }
    })
  })

  test('everything of hers is still there, untouched', async () => {
    for (const { name, definition } of collections(registry)) {
      const reply = await alice.get(`/${name}/${hers.get(name)}`)
      expect([name, reply.status]).toEqual([name, 200])
      if (definition.versioned) expect(reply.body.data.attributes.reference).toBeNull()
    }
  })

  test('a transaction that was told no organization sees no row of any tenant table', async () => {
    const tables = new Set([...registry.guards.values()].map(({ table }) => table))
    for (const table of tables) {
      const rows = await service.db.knex.transaction(async (trx) => {
        await trx.raw('set local role gatehouse_api')
        return trx(table).select('id')
      })
      expect([table, rows]).toEqual([table, []])
    }
  })
})
