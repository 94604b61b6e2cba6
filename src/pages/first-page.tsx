import type { VNode } from 'preact'
import type { Config } from '../config.js'
import { VERSION } from '../version.js'
import { Code, Nav, type NavItem, Steps } from './blocks.js'
import { Facts } from './components.js'
import { Document } from './document.js'

/** What the first page tells of this installation. */
export interface Installation {
  readonly config: Pick<Config, 'issuer' | 'apiUrl'>
  readonly engine: string
}

const ENGINES: Record<string, string> = {
  postgresql: 'PostgreSQL',
  embedded: 'embedded, for evaluation and development (set DATABASE_URL for PostgreSQL)',
}

interface Step {
  readonly what: string
  readonly command: string
}

/** The three calls that lead from nothing to data. Placeholders, never credentials: anybody may read this page. */
function steps({ issuer, apiUrl }: Installation['config']): Step[] {
  const credentials = '-d client_id=YOUR_CLIENT_ID -d client_secret=YOUR_CLIENT_SECRET'
  return [
    {
      what: 'Get a token with a personal or an integration credential.',
      command: `curl -s ${issuer}/oauth/token -d grant_type=client_credentials ${credentials}`,
    },
    {
      what: 'List the organizations that the token may see.',
      command: `curl -s ${apiUrl}/organizations -H "Authorization: Bearer $TOKEN"`,
    },
    {
      what: 'See the application that a token of one organization (of a sales channel, for instance) was made for.',
      command: `curl -s ${apiUrl}/application -H "Authorization: Bearer $TOKEN"`,
    },
  ]
}

const stepItem = ({ what, command }: Step): VNode => (
  <>
    {what}
    <Code>{command}</Code>
  </>
)

function DemoHint({ engine }: { readonly engine: string }): VNode {
  if (engine !== 'embedded')
    return (
      <p>
        For a demo organization with credentials, run <code>gatehouse demo</code>.
      </p>
    )
  return (
    <p>
      The demo organization's credentials are in <code>demo-credentials.json</code> in the data directory of this
      service, and were printed when it first started.
    </p>
  )
}

const PEOPLE: readonly NavItem[] = [
  { href: '/account', text: 'My account', detail: 'Profile, password, second factor, devices, apps' },
  { href: '/sign_up', text: 'Sign up', detail: 'An account, and an organization of your own' },
]

const LINKS: readonly NavItem[] = [
  { href: '/docs/api', text: 'API reference', detail: 'Every resource, field and filter' },
  { href: '/openapi.yaml', text: 'openapi.yaml', detail: 'The same for machines, OpenAPI 3.1' },
  { href: '/health', text: 'Health', detail: 'Whether this process answers' },
]

/** The page at `/`: what runs here and how to begin. */
export function firstPage({ config, engine }: Installation): VNode {
  return (
    <Document layout="wide" title="Gatehouse" lead="Identity, credentials and provisioning for headless commerce.">
      <Facts
        rows={[
          ['Version', VERSION],
          ['Database', ENGINES[engine] ?? engine],
          ['Issuer of tokens', <code>{config.issuer}</code>],
          ['Provisioning API', <code>{config.apiUrl}</code>],
        ]}
      />
      <h2>For people</h2>
      <Nav label="For people" look="tiles" items={PEOPLE} />
      <h2>First three calls</h2>
      <DemoHint engine={engine} />
      <Steps items={steps(config).map(stepItem)} />
      <h2>More</h2>
      <Nav label="More" look="tiles" items={LINKS} />
    </Document>
  )
}
