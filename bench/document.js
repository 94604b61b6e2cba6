import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawChart } from './chart.js'
import { drawGrowth } from './growth-chart.js'
import { ratioRows, rowsOf, seriesRows, verdict } from './report.js'
import { ROOT } from './service.js'

const FILES = {
  data: 'docs/performance.json',
  page: 'docs/performance.md',
  chart: 'docs/performance.svg',
  growth: 'docs/growth.svg',
}
// What stands above this line is the bench's, what stands below is written by people.
const NOTES = '<!-- Notes: kept by the bench. -->'

const table = ([header, ...rows]) =>
  header === undefined
    ? ''
    : [header, header.map((_, at) => (at === 0 ? '---' : '---:')), ...rows]
        .map((row) => `| ${row.join(' | ')} |`)
        .join('\n')

const section = ({ title, failed, ...part }) => {
  const ratios = ratioRows(part)
  const asked = ratios.length === 0 ? [] : [['', 'measured', '', 'target', 'spread', ''], ...ratios]
  const drawn = part.series && '![Time of a request against the size of the organization](growth.svg)'
  const tables = [table(rowsOf(part)), table(seriesRows(part)), table(asked)]
  return [`## ${title}`, failed && `Could not run: ${failed}`, drawn, ...tables].filter(Boolean).join('\n\n')
}

function page(report) {
  const { machine, command, pace, parts } = report
  const path = join(ROOT, FILES.page)
  const notes = existsSync(path) ? readFileSync(path, 'utf8').split(NOTES)[1] : undefined
  return `# Performance

Measured ${machine.date.replace('T', ' ')} UTC on ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, OpenSSL ${machine.openssl}, PostgreSQL ${machine.postgresql},
load average ${machine.loadBefore.toFixed(1)} before and ${machine.loadAfter.toFixed(1)} after; commit ${machine.commit}. Command: \`${command}\`.

${pace.rounds} rounds of ${pace.seconds} s after ${pace.warmSeconds} s of warm-up. In each round all contenders run, in fresh processes${machine.pinned ? ' bound to one core (the load has the others)' : ''},
and take turns of a quarter of a second, forth and back. Cells are medians over the rounds; a ratio is computed within each round, its median is shown, and how far the rounds disagree. Absolute
figures are the machine's; the ratios are what carries over. Every contender signs with the same algorithm and key size about as many
bytes, has proven so before it is timed, writes an access log to the same place, and commits with fsync.

![How far each target is met](performance.svg)

${parts.map(section).join('\n\n')}

${NOTES}${notes ?? '\n'}`
}

/** Writes the page, its charts and its data; what did not run this time keeps its last figures. */
export function document(merge) {
  const path = join(ROOT, FILES.data)
  const report = merge(path)
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`)
  writeFileSync(join(ROOT, FILES.chart), drawChart(report, verdict))
  const grown = report.parts.find(({ series }) => series !== undefined)
  if (grown) writeFileSync(join(ROOT, FILES.growth), drawGrowth(report.machine, grown.series))
  writeFileSync(join(ROOT, FILES.page), page(report))
}
