/** `postgres://user@host:port/name`: what may be said of a DATABASE_URL. The password and the parameters may not. */
export function publicUrl(databaseUrl: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(databaseUrl)
    return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`
  } catch {
    return '(not a URL: expected postgres://user:password@host:port/name)'
  }
}

/** A message without the URL and its password: a foreign one may repeat the URL that it could not read. */
export function withoutSecrets(message: string, databaseUrl: string): string {
  const password = /^[^:]+:\/\/[^:@/]*:(.+)@/.exec(databaseUrl)?.[1]
  return [databaseUrl, password].reduce<string>(
    (text, secret) => (secret ? text.replaceAll(secret, '…') : text),
    message,
  )
}
