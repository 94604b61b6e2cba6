import { startService, tokenOf } from '../service.js'

/** A token is revoked on one instance while another, which has it in its cache, is asked until it refuses it. */
export async function revocation({ url, demo, quick, note }) {
  const tries = quick ? 100 : 1000
  const [one, other] = await Promise.all(
    [1, 2].map(() => startService({ databaseUrl: url('gatehouse'), cores: undefined })),
  )
  const { client_id, client_secret } = demo.integration
  const times = []
  let refused = 0
  try {
    const check = async (token) =>
      (await fetch(`http://127.0.0.1:${other.port}/api/application`, { headers: { Authorization: `Bearer ${token}` } }))
        .status
    for (let at = 0; at < tries; at += 1) {
      const token = await tokenOf(one.port, demo.integration)
      if ((await check(token)) !== 200) throw new Error('a fresh token is refused')
      const body = new URLSearchParams({ client_id, client_secret, token })
      const answer = await fetch(`http://127.0.0.1:${one.port}/oauth/revoke`, { method: 'POST', body })
      if (!answer.ok) throw new Error(`revoke: ${answer.status} ${await answer.text()}`)
      const revokedAt = performance.now()
      while ((await check(token)) !== 401)
        if (performance.now() - revokedAt > 10_000) throw new Error('still accepted after 10 s')
      times.push(performance.now() - revokedAt)
      refused += 1
    }
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
  times.sort((a, b) => a - b)
  const quantile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  note(`${refused} revocations`)
  return [
    {
      title: `Revocation: from the answer of one instance until another refuses, ${tries} tries`,
      results: {},
      ratios: [
        { name: 'p50', value: quantile(0.5), unit: 'ms' },
        { name: 'p99', value: quantile(0.99), unit: 'ms' },
        { name: `p99.99 of ${tries}`, value: quantile(0.9999), unit: 'ms', atMost: 1000 },
      ],
    },
  ]
}
