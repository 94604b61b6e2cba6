// The floor of the writes: the row and its version row in one hand-written transaction, the same document as answer.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import { accessLog, serve } from './log.js'

const { organization, api } = JSON.parse(process.env.JOB)
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const newId = () => Array.from(randomBytes(10), (byte) => ALPHABET[byte % 52]).join('')
const ROW = `insert into merchants (organization_id, id, name, metadata, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)`
const VERSION = `insert into versions (organization_id, id, resource_type, resource_id, event, changes, who, request_id, created_at)
  values ($1, $2, 'merchants', $3, 'create', $4, $5, $6, $7)`

async function create({ name, metadata }) {
  const id = newId()
  const now = new Date()
  const changes = JSON.stringify({
    id: [null, id],
    name: [null, name],
    metadata: [null, metadata],
    created_at: [null, now],
  })
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query({ name: 'row', text: ROW, values: [organization, id, name, JSON.stringify(metadata), now] })
    const values = [organization, newId(), id, changes, JSON.stringify({ application: { id: 'bench' } }), newId(), now]
    await client.query({ name: 'version', text: VERSION, values })
    await client.query('commit')
  } finally {
    client.release()
  }
  const self = `${api}/merchants/${id}`
  const attributes = {
    created_at: now,
    updated_at: now,
    reference: null,
    reference_origin: null,
    metadata,
    name,
    code: null,
    disabled_at: null,
  }
  const related = (name) => ({ links: { self: `${self}/relationships/${name}`, related: `${self}/${name}` } })
  return {
    data: {
      type: 'merchants',
      id,
      attributes,
      links: { self },
      relationships: { organization: related('organization') },
    },
  }
}

const log = accessLog()
serve(
  createServer((req, res) => {
    log(req, res)
    const chunks = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', async () => {
      const { data } = JSON.parse(Buffer.concat(chunks).toString())
      const body = JSON.stringify(await create(data.attributes))
      res.writeHead(201, { 'Content-Type': 'application/vnd.api+json', 'Content-Length': Buffer.byteLength(body) })
      res.end(body)
    })
  }),
)
