import { createRequire } from 'node:module'
import type { ValidateFunction } from 'ajv'

// jest loads this file as CommonJS without the name mapping that the specs have, once a worker.
const load = createRequire(import.meta.url)
const { TestEnvironment } = load('jest-environment-node') as typeof import('jest-environment-node')
const { Ajv2020 } = load('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
const addFormats = load('ajv-formats') as (ajv: InstanceType<typeof Ajv2020>) => void

/** Gives the check of what stands at a place of an OpenAPI description. */
export type ValidatorOf = (description: object, pointer: string) => ValidateFunction

declare global {
  var gatehouseValidatorOf: ValidatorOf
}

let known: { text: string; ajv: InstanceType<typeof Ajv2020>; compiled: Map<string, ValidateFunction> } | undefined
const texts = new WeakMap<object, string>()

/** Compiles each part of the description once a worker instead of once a file: half a second each. Files have the same
 *  description, unless a spec has types of its own. */
const validatorOf: ValidatorOf = (description, pointer) => {
  const text = texts.get(description) ?? JSON.stringify(description)
  texts.set(description, text)
  if (known?.text !== text) {
    const ajv = new Ajv2020({ strict: false, allErrors: true, inlineRefs: false, meta: false, validateSchema: false })
    addFormats(ajv)
    ajv.addSchema({ $id: 'openapi', ...JSON.parse(text) })
    known = { text, ajv, compiled: new Map() }
  }
  const validate = known.compiled.get(pointer) ?? known.ajv.compile({ $ref: `openapi#/${encodeURI(pointer)}` })
  known.compiled.set(pointer, validate)
  return validate
}
// jest takes the properties of what it finds in a file's globals away at the file's end.
Object.freeze(validatorOf)

/** Node's environment of jest, with what files of one worker share. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default class SpecEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup()
    this.global.gatehouseValidatorOf = validatorOf
  }
}
