import pg from 'pg'
import { copyAndSeat } from './organizations.mjs'
import { read, write } from './questions.mjs'
import { seed } from './seed.mjs'
import { found, gatehouse, send, startService, tokenFor } from './service.mjs'

/** `1k`, `1M`. */
export const short = (size) => (size >= 1e6 ? `${size / 1e6}M` : `${size / 1e3}k`)

/** An organization with so many seats in all: its owner has one of them. */
async function foundSize({ root, url, client }, size) {
  const { organization, owner } = await found(root, url, `Size-${size}`)
  await seed(client, organization.id, { memberships: size - 1, versions: 0, every: '10 seconds' })
  return { label: short(size), size, rows: size, ...organization, owner }
}

/** Organizations of all sizes; a user in many organizations; so many organizations in all. */
async function fill(around, { sizes, organizations, seats }, note) {
  const homes = []
  for (const size of sizes) {
    note(`seeding ${size} memberships`)
    homes.push(await foundSize(around, size))
  }
  note(`seeding ${organizations} organizations`)
  const template = await found(around.root, around.url, 'Company')
  const { organization, owner } = await found(around.root, around.url, 'Many')
  const copied = { organizations: organizations - sizes.length - 2, user: owner, seats: seats - 1 }
  await copyAndSeat(around.client, template, copied)
  // In each copy the founder has a seat, too.
  const many = {
    label: `user in ${seats.toLocaleString('en')} organizations`,
    organizations: seats,
    rows: 2 * seats - 1,
    ...organization,
    owner,
  }
  return { homes, many }
}

/** Whatever asks as a home has a port, a token, and an application with a token of its own. */
async function enter(home, port) {
  const entered = { ...home, port, token: await tokenFor(port, home.owner) }
  const roles = await send(port, read(entered, `/organizations/${home.id}/roles`))
  if (roles.status !== 200) throw new Error(`no roles of ${home.label}: ${roles.status} ${roles.text}`)
  const admin = JSON.parse(roles.text).data.find(({ attributes }) => attributes.kind === 'admin')
  const made = write(entered, 'api_credentials', { name: 'Growth', kind: 'integration' }, { roles: admin.id })
  const { status, text } = await send(port, made)
  if (status !== 201) throw new Error(`no application: ${status} ${text}`)
  return { ...entered, applicationToken: await tokenFor(port, JSON.parse(text).data.attributes) }
}

async function open({ server, root, name }, make) {
  await server.query(`create database ${name}`)
  const url = server.url(name)
  await gatehouse(root, url, ['migrate'])
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const made = await make({ root, url, client })
    // As autovacuum leaves a table: statistics, and the pages that index-only scans need not look at.
    await client.query('vacuum analyze')
    // Else it would be written to the disk while others are measured.
    await client.query('checkpoint')
    return { made, service: await startService(root, url) }
  } finally {
    await client.end()
  }
}

/** A database with everything that grows, and one in which the smallest organization is alone, each with its service. */
export async function openHomes({ server, root, plan, note }) {
  const grown = await open({ server, root, name: 'grown' }, (around) => fill(around, plan, note))
  const stop = [grown.service.stop]
  try {
    const alone = await open({ server, root, name: 'alone' }, (around) => foundSize(around, plan.sizes[0]))
    stop.push(alone.service.stop)
    const { homes, many } = grown.made
    const sizes = []
    for (const home of homes) sizes.push(await enter(home, grown.service.port))
    return {
      sizes,
      many: await enter(many, grown.service.port),
      alone: { ...(await enter(alone.made, alone.service.port)), label: 'alone' },
      stop: () => Promise.all(stop.map((one) => one())),
    }
  } catch (error) {
    await Promise.all(stop.map((one) => one()))
    throw error
  }
}
