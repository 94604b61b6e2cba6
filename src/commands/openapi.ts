import { describeApi, openApiYaml } from '../pages/openapi.js'
import { compileResources } from '../resources/index.js'
import type { Surroundings } from './environment.js'

/** The addresses that the committed file names: those of a service started with nothing set. */
const LOCAL = { apiUrl: 'http://localhost:3000/api', issuer: 'http://localhost:3000', domain: 'localhost:3000' }

/** `gatehouse openapi`: prints openapi.yaml as it is committed. Reads no configuration, so that it is the same everywhere. */
export async function openapi({ out }: Surroundings, { json }: { json?: boolean }): Promise<void> {
  const registry = compileResources(LOCAL)
  out(json ? `${JSON.stringify(describeApi(registry, LOCAL), null, 2)}\n` : await openApiYaml(registry, LOCAL))
}
