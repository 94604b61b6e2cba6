import type { Can } from '../jsonapi/define.js'
import type { Resource } from '../jsonapi/registry.js'
import { compileResources } from '../resources/index.js'
import { print, type Surroundings } from './environment.js'

const CAPABILITIES: readonly Can[] = ['create', 'update', 'read', 'filter', 'sort']

const capabilities = (can: readonly Can[]): string =>
  CAPABILITIES.map((one) => (can.includes(one) ? one : '').padEnd(7)).join('')

function describe(resource: Resource) {
  const { definition } = resource
  const { verbs, actions = {}, triggers = {} } = definition
  return {
    name: resource.name,
    type: resource.type,
    table: definition.table,
    tenant: definition.tenant,
    verbs: Object.keys(verbs).filter((verb) => Boolean(verbs[verb as keyof typeof verbs])),
    actions: Object.entries(actions).map(([name, { method }]) => `${method} ${name}`),
    triggers: Object.keys(triggers),
    attributes: [...resource.attributes.values()].map(({ name, kind, options }) => ({ name, kind, can: options.can })),
    relationships: [...resource.relationships.values()].map(({ name, target, many, options }) => ({
      name,
      kind: many ? `many ${target}` : target,
      can: options.can,
    })),
  }
}

type Description = ReturnType<typeof describe>

function lines(one: Description): string {
  const fields = [...one.attributes, ...one.relationships].map(({ name, kind, can }) =>
    `  ${name.padEnd(35)} ${kind.padEnd(22)}${capabilities(can)}`.trimEnd(),
  )
  const does = [...one.verbs, ...one.actions, ...one.triggers].join(', ')
  return [`${one.name} (type ${one.type}, table ${one.table}, tenant by ${one.tenant}): ${does}`, ...fields].join('\n')
}

/** `gatehouse resources`: the compiled definitions, so that nobody has to guess what was derived. */
export function resources({ out }: Surroundings, options: { json?: boolean }): void {
  const compiled = compileResources({ domain: 'example.com' })
  const data = [...compiled.resources.values()].map(describe)
  print(out, options, { data, text: data.map(lines).join('\n\n') })
}
