// The second opinion on openapi.yaml: the rules of the OpenAPI specification, by a linter of another house.
import { createConfig, lint } from '@redocly/openapi-core'

const config = await createConfig({ extends: ['spec'] })
const problems = await lint({ ref: process.argv[2] ?? 'openapi.yaml', config })
for (const { severity, ruleId, message, location } of problems) {
  console.log(`${severity} ${ruleId}: ${message} ${location?.[0]?.pointer ?? ''}`)
}
process.exitCode = problems.some(({ severity }) => severity === 'error') ? 1 : 0
