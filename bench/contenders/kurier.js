// kurier (Koa + Knex) on the same table. It writes no links by itself: its serializer is extended, as it allows, by those that
// Gatehouse writes, so that both send as much. It counts no records.
import { createServer } from 'node:http'
import Koa from 'koa'
import { Application, JsonApiSerializer, jsonApiKoa, KnexProcessor, Resource } from 'kurier'
import { accessLog, serve } from './log.js'

const text = String
const attributes = {
  createdAt: text,
  updatedAt: text,
  reference: text,
  referenceOrigin: text,
  metadata: Object,
  userEmail: text,
  userFirstName: text,
  userLastName: text,
  status: text,
  owner: Boolean,
  accessScope: text,
  invitationStatus: text,
  invitationExpiresAt: text,
  acceptedAt: text,
  lastLoginAt: text,
  lastActiveAt: text,
  organizationId: text,
}
class Membership extends Resource {
  static get type() {
    return 'membership'
  }
  static schema = { primaryKeyName: 'id', attributes, relationships: {} }
}
class Processor extends KnexProcessor {
  static resourceClass = Membership
}
const { api } = JSON.parse(process.env.JOB)
const RELATIONSHIPS = ['organization', 'role', 'membership_profile', 'application_memberships', 'versions']
class Serializer extends JsonApiSerializer {
  serializeResource(data, type) {
    const made = super.serializeResource(data, type)
    const self = `${api}/memberships/${made.id}`
    made.links = { self }
    for (const name of RELATIONSHIPS)
      made.relationships[name] = { links: { self: `${self}/relationships/${name}`, related: `${self}/${name}` } }
    return made
  }
}
const app = new Application({
  serializer: Serializer,
  namespace: 'api',
  types: [Membership],
  processors: [Processor],
  defaultProcessor: KnexProcessor,
})
const { default: knex } = await import('knex')
app.services = { knex: knex({ client: 'pg', connection: process.env.DATABASE_URL, pool: { min: 2, max: 10 } }) }
const koa = new Koa()
koa.use(jsonApiKoa(app))
const log = accessLog()
const handle = koa.callback()
serve(
  createServer((req, res) => {
    log(req, res)
    handle(req, res)
  }),
)
