import { describeApi } from '../../src/pages/openapi.js'
import { compileResources } from '../../src/resources/index.js'

type Json = Record<string, unknown>
interface Described {
  content?: Record<string, { schema: Json }>
  headers?: Json
}
interface Operation {
  responses: Record<string, Described | { $ref: string }>
}
interface Answered {
  method: string
  url: string
  status: number
  body: unknown
  /** Left out: not looked at. */
  headers?: Headers
}

const ADDRESSES = { apiUrl: 'https://provisioning.gatehouse.test/api', issuer: 'https://auth.gatehouse.test' }

/** The description that the service under test publishes. */
export const description = describeApi(compileResources({ domain: 'gatehouse.test' }), ADDRESSES) as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Json; parameters: Json; responses: Record<string, Described>; headers: Json }
}

const templates = Object.keys(description.paths).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
}))
// A literal path (…/roles) is meant before a template ({id}) of the same length.
templates.sort((a, b) => a.template.split('{').length - b.template.split('{').length)

/** What the description says of an answer, and by which steps it is reached; undefined for endpoints that it leaves out. */
function describedAnswer({ method, url, status }: Answered): { steps: string[]; described: Described } | undefined {
  const path = new URL(url).pathname
  const below = path.startsWith('/api/') ? path.slice(4) : path
  const template = templates.find(({ pattern }) => pattern.test(below))?.template
  const operation = template === undefined ? undefined : description.paths[template]?.[method.toLowerCase()]
  if (template === undefined || operation === undefined) return undefined
  const key = [String(status), `${Math.floor(status / 100)}XX`].find((one) => one in operation.responses)
  if (key === undefined) throw new Error(`${method} ${path} answered ${status}, which openapi.yaml does not know`)
  const found = operation.responses[key] as Described | { $ref: string }
  if (!('$ref' in found)) {
    return { steps: ['paths', template, method.toLowerCase(), 'responses', key], described: found }
  }
  const steps = found.$ref.split('/').slice(1)
  return { steps, described: description.components.responses[steps.at(-1) ?? ''] as Described }
}

function schemaPointer(steps: readonly string[], { content = {} }: Described): string {
  const [mediaType] = Object.keys(content)
  if (mediaType === undefined) return 'none'
  const all = [...steps, 'content', mediaType, 'schema']
  return all.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
}

/** Headers that are always sent where they are described; others depend on the request, or on how the service is set. */
const isAlways = (name: string, status: number): boolean =>
  ['ETag', 'Location'].includes(name) || (name === 'Retry-After' && (status === 429 || status === 503))

/** Of the headers that the description knows at all, an answer carries none that is not described for it. */
function checkHeaders({ method, url, status, headers }: Answered, described: Described): void {
  if (headers === undefined) return
  for (const name of Object.keys(description.components.headers)) {
    const [isDescribed, isThere] = [name in (described.headers ?? {}), headers.has(name)]
    const isWrong = isThere ? !isDescribed : isDescribed && isAlways(name, status)
    if (isWrong) throw new Error(`${method} ${url} ${status}: openapi.yaml is wrong of the header ${name}`)
  }
}

/** Throws when an answer is not what openapi.yaml says of its endpoint. Endpoints that it does not describe pass. */
export function checkAnswer(answer: Answered): void {
  const { method, url, status, body } = answer
  const path = new URL(url).pathname
  const known = method === 'HEAD' || method === 'OPTIONS' ? undefined : describedAnswer(answer)
  if (known === undefined) return
  checkHeaders(answer, known.described)
  const pointer = schemaPointer(known.steps, known.described)
  if (pointer === 'none') {
    if (body !== undefined) throw new Error(`${method} ${path} answered ${status} with a body`)
    return
  }
  const validate = globalThis.gatehouseValidatorOf(description, pointer)
  if (!validate(body)) {
    const faults = (validate.errors ?? [])
      .map(({ instancePath, message }) => `data${instancePath} ${message}`)
      .join('\n')
    throw new Error(
      `${method} ${path} ${status} is not what openapi.yaml says:\n${faults}\n${JSON.stringify(body).slice(0, 1500)}`,
    )
  }
}
