import { authenticate } from '@commercelayer/js-auth'
import sdkModule from '@commercelayer/provisioning-sdk'
import { aPerson, type Person } from './api.js'
import type { TlsService } from './tls-service.js'

/** The SDK's one function. Node gives all exports of a CommonJS module as its default, the package's types only the last. */
export const CommerceLayerProvisioning = (sdkModule as unknown as { default: typeof sdkModule }).default

export type Sdk = ReturnType<typeof CommerceLayerProvisioning>

/** A token by js-auth, with the options that its README names. */
export async function jsAuthToken(
  tls: TlsService,
  client: { clientId: string; clientSecret?: string; scope?: string },
): Promise<string> {
  const answer = await authenticate('client_credentials', { domain: tls.domain, ...client })
  if (answer.errors) throw new Error(JSON.stringify(answer.errors))
  return answer.accessToken
}

/** The published SDK for a token, pointed at the service by its `domain` alone. */
export const sdkFor = (tls: TlsService, accessToken: string): Sdk =>
  CommerceLayerProvisioning({ accessToken, domain: tls.domain })

/** A new person who has nothing but a provisioning credential, and their SDK. */
export async function aDeveloper(tls: TlsService): Promise<{ person: Person; sdk: Sdk }> {
  const person = await aPerson(tls.service)
  const token = await jsAuthToken(tls, { clientId: person.clientId, clientSecret: person.clientSecret })
  return { person, sdk: sdkFor(tls, token) }
}

/** What the SDK made of a refusal: status and codes; throws if the call succeeds. */
export async function refusalOf(call: Promise<unknown>): Promise<{ status: number; errors: SdkError[] }> {
  const error = await call.then(
    () => new Error('this should have been refused'),
    (thrown: unknown) => thrown,
  )
  const { name, status, errors = [] } = error as { name: string; status: number; errors: SdkError[] }
  if (name !== 'ApiError') throw error
  return { status, errors }
}

interface SdkError {
  title: string
  detail: string
  code: string
  status: string
  source?: { pointer?: string; parameter?: string }
  meta?: Record<string, unknown>
}
