import { describeApi } from '../../src/pages/openapi.js'
import { compileResources } from '../../src/resources/index.js'

type Json = Record<string, unknown>
interface Operation {
  responses: Record<string, { content?: Record<string, { schema: Json }> }>
}

const ADDRESSES = { apiUrl: 'https://provisioning.gatehouse.test/api', issuer: 'https://auth.gatehouse.test' }

/** The description that the service under test publishes. */
export const description = describeApi(compileResources({ domain: 'gatehouse.test' }), ADDRESSES) as {
  paths: Record<string, Record<string, Operation>>
  components: Json
}

const templates = Object.keys(description.paths).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
}))
// A literal path (…/roles) is meant before a template ({id}) of the same length.
templates.sort((a, b) => a.template.split('{').length - b.template.split('{').length)

function schemaPointer(path: string, method: string, status: number): string | undefined {
  const below = path.startsWith('/api/') ? path.slice(4) : path
  const template = templates.find(({ pattern }) => pattern.test(below))?.template
  const operation = template === undefined ? undefined : description.paths[template]?.[method.toLowerCase()]
  if (template === undefined || operation === undefined) return undefined
  const key = [String(status), `${Math.floor(status / 100)}XX`].find((one) => one in operation.responses)
  if (key === undefined) throw new Error(`${method} ${path} answered ${status}, which openapi.yaml does not know`)
  const [mediaType] = Object.keys(operation.responses[key]?.content ?? {})
  if (mediaType === undefined) return 'none'
  const steps = ['paths', template, method.toLowerCase(), 'responses', key, 'content', mediaType, 'schema']
  return steps.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
}

/** Throws when an answer is not what openapi.yaml says of its endpoint. Endpoints that it does not describe pass. */
export function checkAnswer(answer: { method: string; url: string; status: number; body: unknown }): void {
  const { method, url, status, body } = answer
  const path = new URL(url).pathname
  const pointer = method === 'HEAD' || method === 'OPTIONS' ? undefined : schemaPointer(path, method, status)
  if (pointer === undefined) return
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
