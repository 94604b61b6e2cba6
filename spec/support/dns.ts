import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { type DecodedPacket, decode, encode } from 'dns-packet'

const NXDOMAIN = 3

/** A name server of the specs, which speaks DNS over UDP on this machine. */
export interface NameServer {
  /** For DNS_SERVERS, `ip:port`. */
  readonly address: string
  /** What stands in a domain: its TXT records; an absent domain does not exist, `silent` gets no answer. */
  readonly zone: Map<string, string[] | 'silent'>
  /** Domains asked for, in order. */
  readonly asked: string[]
  stop(): Promise<void>
}

/** Starts a name server on a port of its own. */
export async function startNameServer(): Promise<NameServer> {
  const zone = new Map<string, string[] | 'silent'>()
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const query = decode(message) as DecodedPacket
    const name = query.questions?.[0]?.name.toLowerCase() ?? ''
    asked.push(name)
    const texts = zone.get(name)
    if (texts === 'silent') return
    // A long text travels in pieces of 255 bytes at most; here in two, so that they must be put together.
    const pieces = (text: string): string[] => [text.slice(0, 10), text.slice(10)].filter((piece) => piece !== '')
    const answer = encode({
      type: 'response',
      ...(query.id === undefined ? {} : { id: query.id }),
      flags: 0x0180 | (texts === undefined ? NXDOMAIN : 0),
      questions: query.questions ?? [],
      answers: (texts ?? []).map((text) => ({ type: 'TXT', name, ttl: 1, data: pieces(text) })),
    })
    socket.send(answer, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    zone,
    asked,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}
