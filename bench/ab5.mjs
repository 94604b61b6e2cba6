import { readdirSync, readFileSync } from 'node:fs'
import { startPostgres } from './postgres.js'
import { makeDemo, startService, tokenOf } from './service.js'
import { load, median } from './measure.js'
import { seedMemberships } from './seed.js'
const what = process.argv[2]
const pg = await startPostgres()
await pg.query('create database gatehouse')
const demo = makeDemo(pg.url('gatehouse'))
if (what === 'list') await seedMemberships({ pg, demo, shared: {} }, 20000)
const nanos = (pid) => readdirSync(`/proc/${pid}/task`).reduce((s, t) => s + Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]), 0)
const document = { data: { type: 'merchants', attributes: { name: 'Northern Lights Trading', metadata: { team: 'north', desk: 17 } }, relationships: { organization: { data: { type: 'organizations', id: demo.organization.id } } } } }
const planOf = async (s) => {
  const t = await tokenOf(s.port, demo.integration)
  if (what === 'list') return { requests: [{ method: 'GET', path: '/api/memberships?sort=-created_at&page[size]=25', headers: { Authorization: `Bearer ${t}` } }] }
  if (what === 'cc') return { requests: [{ method: 'POST', path: '/oauth/token', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ grant_type: 'client_credentials', client_id: demo.integration.client_id, client_secret: demo.integration.client_secret }).toString() }] }
  if (what === 'create') return { requests: [{ method: 'POST', path: '/api/merchants', headers: { 'Content-Type': 'application/vnd.api+json', Authorization: `Bearer ${t}` }, body: JSON.stringify(document) }] }
  const made = []
  for (let i = 0; i < 32; i++) { const body = new URLSearchParams({ grant_type: 'password', client_id: demo.sales_channel.client_id, username: demo.customer.email, password: demo.customer.password, scope: demo.market_scope })
    made.push((await (await fetch(`http://127.0.0.1:${s.port}/oauth/token`, { method: 'POST', body })).json()).refresh_token) }
  return { carry: { member: 'refresh_token', values: made }, requests: [{ method: 'POST', path: '/oauth/token', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `${new URLSearchParams({ grant_type: 'refresh_token', client_id: demo.sales_channel.client_id })}&refresh_token={carry}` }] }
}
const all = []
for (const [name, root, nodeArgs] of [['old', '/tmp/long'], ['new', undefined]]) { const s = await startService({ databaseUrl: pg.url('gatehouse'), root, nodeArgs }); all.push({ name, ...s, cpu: [], db: [], rate: [] }) }
for (let round = -1; round < Number(process.env.N ?? 6); round++) for (const one of all) {
  let before
  const plan = await planOf(one)
  const r = await load({ connections: 32, seconds: round < 0 ? 0.2 : 1, port: one.port, ...plan, warmSeconds: 0.2, warmRequests: round < 0 ? 2500 : 100 }, { pids: { server: one.pid, database: pg.pid }, onBegin: () => { before = nanos(one.pid) }, onEnd: () => { one.after = nanos(one.pid) } })
  if (round >= 0) { one.cpu.push((one.after - before) / r.count / 1000); one.rate.push(r.perSecond); one.db.push(r.cpu.database) }
}
for (const one of all) console.log(what, one.name.padEnd(6), 'cpu min', Math.min(...one.cpu).toFixed(0), 'med', median(one.cpu).toFixed(0), 'pg min', Math.min(...one.db).toFixed(0), 'med', median(one.db).toFixed(0), 'rate med', median(one.rate).toFixed(0), 'max', Math.max(...one.rate).toFixed(0), 'rss', Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one.pid}/status`, 'utf8'))[1]) / 1024))
for (const one of all) await one.stop(); await pg.stop(); process.exit(0)
