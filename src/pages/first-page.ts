import type { Config } from '../config.js'
import { VERSION } from '../version.js'
import { html, type Markup } from './html.js'
import { layout } from './layout.js'

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

function stepItem({ what, command }: Step): Markup {
  // tabindex: a line that scrolls sideways must be reachable by keyboard (WCAG 2.1.1).
  return html`<li>${what}<pre tabindex="0"><code>${command}</code></pre></li>`
}

function facts({ config, engine }: Installation): Markup {
  return html`<dl>
<dt>Version</dt><dd>${VERSION}</dd>
<dt>Database</dt><dd>${ENGINES[engine] ?? engine}</dd>
<dt>Issuer of tokens</dt><dd><code>${config.issuer}</code></dd>
<dt>Provisioning API</dt><dd><code>${config.apiUrl}</code></dd>
</dl>`
}

function demoHint(engine: string): Markup {
  if (engine !== 'embedded')
    return html`<p>For a demo organization with credentials, run <code>gatehouse demo</code>.</p>`
  return html`<p>The demo organization's credentials are in <code>demo-credentials.json</code> in the data directory
of this service, and were printed when it first started.</p>`
}

const LINKS = html`<nav aria-label="More"><ul>
<li><a href="/docs/api">API reference<span>Every resource, field and filter</span></a></li>
<li><a href="/openapi.yaml">openapi.yaml<span>The same for machines, OpenAPI 3.1</span></a></li>
<li><a href="/health">Health<span>Whether this process answers</span></a></li>
</ul></nav>`

/** The page at `/`: what runs here and how to begin. */
export function firstPage(installation: Installation): Markup {
  return layout({
    title: 'Gatehouse',
    lead: 'Identity, credentials and provisioning for headless commerce.',
    content: html`${facts(installation)}
<h2>First three calls</h2>
${demoHint(installation.engine)}
<ol>${steps(installation.config).map(stepItem)}</ol>
<h2>More</h2>
${LINKS}`,
  })
}
