import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { login } from '../../src/commands/login.js'
import { anOwner, call, type Owner } from '../support/api.js'
import { aBrowser } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner

beforeAll(async () => {
  const port = await freePort()
  service = await startService({ port, env: { DOMAIN: '', PORT: String(port) } })
  owner = await anOwner(service, 'Acme')
})
afterAll(() => service.stop())

/** Runs the command, and lets the person answer what it says. */
async function run(press: 'allow' | 'deny', json: boolean): Promise<string> {
  const out: string[] = []
  const around = { env: {}, out: (text: string) => void out.push(text), onSignal: () => undefined }
  let said = ''
  const spy = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text)
    return true
  })
  const done = login(around, { server: service.config.issuer, scope: 'provisioning-api', json })
  done.catch(() => undefined)
  while (!said.includes('Open ')) await new Promise((resolve) => setTimeout(resolve, 20))
  spy.mockRestore()
  const [, address = ''] = /Open (\S+)/.exec(said) ?? []
  const browser = aBrowser(service)
  await browser.signIn(owner.userId)
  const page = await browser.submit(await browser.get(address.slice(service.config.pagesUrl.length)))
  await browser.submit(page, {}, { press })
  await done
  return out.join('')
}

describe('gatehouse login', () => {
  test('prints the token of whoever answers in a browser, alone on stdout', async () => {
    const token = (await run('allow', false)).trim()
    const listed = await call(service, '/api/organizations', { headers: { authorization: `Bearer ${token}` } })
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([owner.organizationId])
  })

  test('--json prints the whole answer; a refusal is said', async () => {
    const answer = JSON.parse(await run('allow', true))
    expect(answer).toMatchObject({ token_type: 'bearer', scope: 'provisioning-api', owner_id: owner.userId })
    await expect(run('deny', true)).rejects.toThrow('access_denied')
  })

  test('says when there is no service, or another one', async () => {
    const around = { env: {}, out: () => undefined, onSignal: () => undefined }
    const to = (server: string) => login(around, { server, scope: 'provisioning-api' })
    await expect(to('http://127.0.0.1:1')).rejects.toThrow('Nothing answers')
    await expect(to(service.url)).rejects.toThrow('no Gatehouse whose issuer')
  })
})
