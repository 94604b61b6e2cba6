/** Of every drawing. */
export const WIDTH = 860
const LEFT = 300
const BAR = 16
const COLOURS = { met: '#2e7d32', missed: '#c62828', unsettled: '#ef8a17', told: '#607d8b' }

/** A text as XML has it. */
export const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** How far a ratio is beyond its target: 1 is the target, more is better, whichever way it counts. */
const against = ({ value, atLeast, atMost }) => (atLeast === undefined ? atMost / value : value / atLeast)

const told = ({ value, unit = '×', atLeast, atMost }) =>
  `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit} (${atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`})`

/** When and on what it was measured. */
export const ofMachine = ({ date, cpu, node, postgresql }) =>
  `${date.slice(0, 10)}, ${cpu}, Node ${node}, PostgreSQL ${postgresql}`

/** A drawing under its title. */
export const frame = (
  { title, height },
  body,
) => `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
<text x="10" y="20" font-size="13">${escapeXml(title)}</text>
${body}
</svg>
`

/** Draws every ratio that has a target as a bar, on a logarithmic scale around the line where it is met. */
export function drawChart({ machine, parts }, verdict) {
  const rows = parts.flatMap(({ scenario, ratios }) =>
    ratios.filter((one) => one.atLeast !== undefined || one.atMost !== undefined).map((one) => ({ scenario, ...one })),
  )
  const height = 70 + rows.length * (BAR + 8)
  const middle = LEFT + (WIDTH - LEFT - 190) / 3
  // Eight times better and four times worse than asked for is as far as it goes.
  const x = (factor) => middle + (Math.log2(Math.min(8, Math.max(0.25, factor))) / 3) * (WIDTH - 190 - middle)
  const bars = rows.map((row, at) => {
    const y = 50 + at * (BAR + 8)
    const end = x(against(row))
    const [from, to] = [Math.min(middle, end), Math.max(middle, end)]
    return [
      `<text x="${LEFT - 10}" y="${y + 12}" text-anchor="end">${escapeXml(`${row.scenario}: ${row.name}`.slice(0, 52))}</text>`,
      `<rect x="${from.toFixed(1)}" y="${y}" width="${Math.max(2, to - from).toFixed(1)}" height="${BAR}" fill="${COLOURS[verdict(row)]}"/>`,
      `<text x="${(Math.max(to, middle) + 6).toFixed(1)}" y="${y + 12}">${escapeXml(told(row))}</text>`,
    ].join('\n')
  })
  return frame(
    { title: `Measured against the targets, ${ofMachine(machine)}`, height },
    `<text x="${middle + 4}" y="40" fill="#555">the target; to the right is better, one step doubles</text>
<line x1="${middle}" y1="30" x2="${middle}" y2="${height - 10}" stroke="#333"/>
${bars.join('\n')}`,
  )
}
