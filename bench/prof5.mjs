import { startPostgres } from './postgres.js'
import { makeDemo, startService, tokenOf } from './service.js'
import { load } from './measure.js'
import { seedMemberships } from './seed.js'
const what = process.argv[2]
const pg = await startPostgres()
await pg.query('create database gatehouse')
const demo = makeDemo(pg.url('gatehouse'))
if (what === 'list') await seedMemberships({ pg, demo, shared: {} }, 20000)
const s = await startService({ databaseUrl: pg.url('gatehouse'), nodeArgs: ['--cpu-prof', `--cpu-prof-dir=/tmp/prof-${what}`, '--cpu-prof-interval=200'] })
const t = await tokenOf(s.port, demo.integration)
const LIST = '/api/memberships?sort=-created_at&page[size]=25'
const document = { data: { type: 'merchants', attributes: { name: 'Northern Lights Trading', metadata: { team: 'north', desk: 17 } }, relationships: { organization: { data: { type: 'organizations', id: demo.organization.id } } } } }
let plan
if (what === 'list') plan = { requests: [{ method: 'GET', path: LIST, headers: { Authorization: `Bearer ${t}` } }] }
if (what === 'create') plan = { requests: [{ method: 'POST', path: '/api/merchants', headers: { 'Content-Type': 'application/vnd.api+json', Authorization: `Bearer ${t}` }, body: JSON.stringify(document) }] }
if (what === 'refresh') { const made = []
  for (let i = 0; i < 32; i++) { const body = new URLSearchParams({ grant_type: 'password', client_id: demo.sales_channel.client_id, username: demo.customer.email, password: demo.customer.password, scope: demo.market_scope })
    made.push((await (await fetch(`http://127.0.0.1:${s.port}/oauth/token`, { method: 'POST', body })).json()).refresh_token) }
  plan = { carry: { member: 'refresh_token', values: made }, requests: [{ method: 'POST', path: '/oauth/token', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `${new URLSearchParams({ grant_type: 'refresh_token', client_id: demo.sales_channel.client_id })}&refresh_token={carry}` }] } }
const r = await load({ connections: 32, warmSeconds: 2, seconds: 8, port: s.port, ...plan }, { pids: { server: s.pid, database: pg.pid } })
console.log(what, JSON.stringify(r))
await s.stop(); await pg.stop(); process.exit(0)
