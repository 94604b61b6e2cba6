import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { type Issue, pointerStep, violation } from '../../errors.js'
import { organizationConfigSchema } from './config-schema.js'

const MOST_ISSUES = 20

const require = createRequire(import.meta.url)

let compiled: ValidateFunction | undefined

function compile(): ValidateFunction {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, allowUnionTypes: true })
  ajv.addKeyword('version')
  return ajv.compile(organizationConfigSchema)
}

/** Read and compiled at first use: a process that never writes a config does not pay for it, nor does a start. */
function validator(): ValidateFunction {
  compiled ??= compile()
  return compiled
}

/** What a failed keyword means, in the contract's words. */
function words({ keyword, params }: ErrorObject): { title: string; error: string; below?: string } {
  if (keyword === 'additionalProperties') {
    return { title: 'is not known here', error: 'unknown', below: String(params.additionalProperty) }
  }
  if (keyword === 'required') return { title: "can't be blank", error: 'blank', below: String(params.missingProperty) }
  if (keyword === 'type') return { title: `must be of type ${String(params.type)}`, error: 'invalid' }
  if (keyword === 'enum') {
    return { title: `must be one of ${(params.allowedValues as string[]).join(', ')}`, error: 'inclusion' }
  }
  return { title: keyword === 'pattern' ? `must match ${String(params.pattern)}` : 'is invalid', error: 'invalid' }
}

function issueOf(fault: ErrorObject): Issue {
  const { title, error, below } = words(fault)
  const pointer = `/config${fault.instancePath}${below === undefined ? '' : `/${pointerStep(below)}`}`
  const name = pointer.slice(1).replaceAll('/', '.')
  return violation({ name, title, error, source: { pointer: `/data/attributes${pointer}` } })
}

/** What is wrong with the config of a draft, each with a pointer into it. */
export function configIssues({ config }: Readonly<Record<string, unknown>>): Issue[] {
  if (config === undefined || config === null) return []
  const validate = validator()
  return validate(config) ? [] : (validate.errors ?? []).slice(0, MOST_ISSUES).map(issueOf)
}
