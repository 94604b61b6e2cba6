import proxyAddr from 'proxy-addr'

/** Whether every item is an address, a network (`10.0.0.0/8`), or one of `loopback`, `linklocal`, `uniquelocal`. */
export function isAddressList(items: string[]): boolean {
  try {
    proxyAddr.compile(items)
    return true
  } catch {
    return false
  }
}
