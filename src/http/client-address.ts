import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import proxyAddr from 'proxy-addr'
import { stateOf } from './request.js'

interface AddressOptions {
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** What `X-Backend-Auth` must say for `X-True-Client-Ip` to be believed; undefined: it never is. */
  readonly backendAuth: string | undefined
  readonly log: Pick<Logger, 'warn'>
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** How a socket that listens to both families writes an IPv4 address. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/

/** An address without what a proxy may put around it: a port, brackets, a zone. Undefined if it is none. */
function plain(text: string | undefined): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text ?? '') ?? []
  const address = (bracketed ?? dotted ?? text ?? '').replace(/%.*$/, '')
  return isIP(address) === 0 ? undefined : address
}

/** The eight groups of an IPv6 address, however it is written; a dotted end becomes two. */
function groupsOf(address: string): string[] {
  const [, head = '', end = ''] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [undefined, address]
  const [a = 0, b = 0, c = 0, d = 0] = end.split('.').map(Number)
  const tail = end === '' ? '' : `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  const [left = '', right] = `${head}${tail}`.split('::')
  const [before, after] = [left, right ?? ''].map((half) => half.split(':').filter((group) => group !== ''))
  const missing = 8 - (before?.length ?? 0) - (after?.length ?? 0)
  const all = [...(before ?? []), ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...(after ?? [])]
  return all.map((group) => Number.parseInt(group, 16).toString(16))
}

/** Who is one caller: an IPv4 address in any of its spellings, or the /64 that one IPv6 customer has. Source: ATTACKS S6 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const groups = groupsOf(address)
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
    return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** Finds out from where a request comes. Only proxies that are named are believed, and a back end that proves itself. */
export function createAddressReader({ trustedProxies, backendAuth, log }: AddressOptions) {
  const trust = proxyAddr.compile([...trustedProxies])
  const secret = backendAuth === undefined ? undefined : digest(backendAuth)
  let warned = false
  const told = ({ headers }: IncomingMessage): string | undefined => {
    const proof = headers['x-backend-auth']
    if (secret === undefined || typeof proof !== 'string' || !timingSafeEqual(digest(proof), secret)) return undefined
    return plain(String(headers['x-true-client-ip'] ?? ''))
  }
  return (req: IncomingMessage): string => {
    const { remoteAddress = '' } = req.socket
    const peer = MAPPED.exec(remoteAddress)?.[1] ?? plain(remoteAddress) ?? '0.0.0.0'
    const forwarded = req.headers['x-forwarded-for'] !== undefined
    if (forwarded && !warned && !trust(peer, 0)) {
      warned = true
      log.warn('a proxy that TRUSTED_PROXIES does not name: all who come through it share one limit')
    }
    return told(req) ?? (forwarded ? (plain(proxyAddr(req, trust)) ?? peer) : peer)
  }
}

/** Notes the caller's address and network for whoever limits by them. */
export function noteAddress(options: AddressOptions): RequestHandler {
  const read = createAddressReader(options)
  return (req: Request, _res: Response, next: NextFunction) => {
    const address = read(req)
    const state = stateOf(req)
    state.address = address
    state.network = networkOf(address)
    next()
  }
}
