import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { measureSizes } from '../growth/against-size.mjs'
import { ROOT } from '../service.js'

/** How reading grows with an organization, question by question: bench/growth/run.mjs, which has a server and data of its
 *  own. */
async function inDetail(quick) {
  const args = [join(ROOT, 'bench/growth/run.mjs'), '--json', ...(quick ? ['--quick'] : [])]
  // It ends with 1 when a ratio is missed and has written its answer all the same.
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 }).catch((error) => {
    if (!error.stdout) throw error
    return error
  })
  const { sizes, results, most } = JSON.parse(stdout)
  const ratios = results.map(({ name, every, ratio, large }) => ({
    name: `${name} (${large.toFixed(2)} ms)`,
    value: ratio,
    ...(every ? { atMost: most } : {}),
  }))
  const told = Object.entries(sizes).map(
    ([name, { memberships, versions }]) => `${name}: ${memberships} memberships, ${versions} versions`,
  )
  return { title: `Growth: one request, large ÷ small (${told.join('; ')})`, results: {}, ratios }
}

/** How everything grows with memberships and organizations, then how each question about an organization does. */
export async function growth({ pg, quick, note }) {
  const root = process.env.GATEHOUSE_ROOT ?? ROOT
  return [...(await measureSizes({ server: pg, root, quick, note })), await inDetail(quick)]
}
