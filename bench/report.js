const UNSETTLED = 0.15

/** `met`, `missed` or `unsettled` (the rounds disagree by more than 15 % and the target lies within) of one ratio. */
export function verdict({ value, spread = 0, atLeast, atMost }) {
  if (atLeast === undefined && atMost === undefined) return 'told'
  const met = atLeast === undefined ? value <= atMost : value >= atLeast
  const near = Math.abs(value / (atLeast ?? atMost) - 1) < spread / 2
  return spread > UNSETTLED && near ? `unsettled` : met ? 'met' : 'missed'
}

const number = (value) =>
  value === undefined
    ? ''
    : value >= 1000
      ? value.toFixed(0)
      : value >= 100
        ? value.toFixed(0)
        : value >= 10
          ? value.toFixed(1)
          : value.toFixed(2)

/** `≥ 2` or `≤ 150`. */
export const targetOf = ({ atLeast, atMost }) =>
  atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : ''

/** Rows of one part, as texts, the header first. */
export function rowsOf({ results }) {
  const header = ['', 'requests/s', 'CPU µs', 'PostgreSQL µs', 'p50 ms', 'p99 ms', 'RSS MB', 'bytes']
  const rows = Object.entries(results).map(([name, one]) => [
    name,
    ...[one.perSecond, one.cpuServer, one.cpuDatabase, one.p50, one.p99, one.rssMb, one.bytes].map(number),
  ])
  // What none of them has been asked for is no column.
  const columns = [...header.keys()].filter((at) => at === 0 || rows.some((row) => row[at] !== ''))
  return rows.length === 0 ? [] : [header, ...rows].map((row) => columns.map((at) => row[at]))
}

/** What each question takes by size, as texts, the header first. */
export const seriesRows = ({ series = [] }) =>
  series.length === 0
    ? []
    : [
        ['ms', ...series[0].points.map(([size]) => size.toLocaleString('en'))],
        ...series.map(({ name, points }) => [name, ...points.map(([, ms]) => number(ms))]),
      ]

/** Ratios of one part, as texts. */
export const ratioRows = ({ ratios }) =>
  ratios.map((one) => [
    one.name,
    number(one.value),
    one.unit ?? '×',
    targetOf(one),
    one.spread === undefined ? '' : `± ${(one.spread * 50).toFixed(0)} %`,
    verdict(one),
  ])

function table(rows) {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at].length))) ?? []
  const line = (row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ')
  return rows.map(line).join('\n')
}

/** The whole report for a terminal. */
export function printParts({ machine, command, pace, parts }) {
  const head = `${command}\n${Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}\n${pace.rounds} rounds of ${pace.seconds} s after ${pace.warmSeconds} s`
  const bodies = parts.map((part) =>
    [
      part.title,
      part.failed && `could not run: ${part.failed}`,
      table(rowsOf(part)),
      table(seriesRows(part)),
      table(ratioRows(part)),
      ...(part.notes ?? []),
    ]
      .filter(Boolean)
      .join('\n'),
  )
  return `${[head, ...bodies].join('\n\n')}\n`
}
