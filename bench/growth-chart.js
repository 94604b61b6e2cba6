import { escapeXml, frame, ofMachine, WIDTH } from './chart.js'

const HEIGHT = 430
const AREA = { left: 60, right: WIDTH - 250, top: 50, bottom: HEIGHT - 45 }
const COLOURS = ['#1565c0', '#2e7d32', '#ef8a17', '#6a1b9a', '#c62828', '#00838f', '#607d8b', '#8d6e63', '#37474f']
const STEPS = [1, 2, 5]

/** Where a value stands between two others, logarithmically. */
const scale = (from, to, low, high) => (value) =>
  low + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (high - low)

/** 1, 2 and 5 times the powers of ten around some times. */
function ticksAround(times) {
  const powers = Array.from({ length: 9 }, (_, at) => 10 ** (at - 3))
  const all = powers.flatMap((power) => STEPS.map((step) => step * power))
  const from = all.findLast((tick) => tick <= Math.min(...times))
  const to = all.find((tick) => tick >= Math.max(...times))
  return all.filter((tick) => tick >= from && tick <= to)
}

const told = (number) => Number(number.toPrecision(3)).toLocaleString('en')

function axes(sizes, ticks, { x, y }) {
  const across = ticks.map(
    (tick) =>
      `<line x1="${AREA.left}" y1="${y(tick).toFixed(1)}" x2="${AREA.right}" y2="${y(tick).toFixed(1)}" stroke="#ddd"/>
<text x="${AREA.left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${told(tick)} ms</text>`,
  )
  const down = sizes.map(
    (size) =>
      `<line x1="${x(size).toFixed(1)}" y1="${AREA.top}" x2="${x(size).toFixed(1)}" y2="${AREA.bottom}" stroke="#ddd"/>
<text x="${x(size).toFixed(1)}" y="${AREA.bottom + 16}" text-anchor="middle">${told(size)}</text>`,
  )
  const middle = (AREA.left + AREA.right) / 2
  const name = `<text x="${middle}" y="${AREA.bottom + 34}" text-anchor="middle" fill="#555">memberships of the organization; both axes are logarithmic</text>`
  return [...across, ...down, name]
}

function line({ points }, colour, { x, y }) {
  const places = points.map(([size, ms]) => `${x(size).toFixed(1)},${y(ms).toFixed(1)}`)
  const dots = places.map((place) => {
    const [cx, cy] = place.split(',')
    return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`
  })
  return [`<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`, ...dots]
}

/** The name of a line beside its colour, with the time at the largest size. */
function legend({ name, points }, at, colour) {
  const y = AREA.top + 8 + at * 20
  return `<line x1="${AREA.right + 20}" y1="${y}" x2="${AREA.right + 40}" y2="${y}" stroke="${colour}" stroke-width="3"/>
<text x="${AREA.right + 46}" y="${y + 4}">${escapeXml(`${name}: ${told(points.at(-1)[1])} ms`)}</text>`
}

/** Draws what each question takes against the size of the organization that is asked about: one line a question, the
 *  slowest at its largest first. */
export function drawGrowth(machine, series) {
  const lines = [...series].sort((one, other) => other.points.at(-1)[1] - one.points.at(-1)[1])
  const sizes = lines[0].points.map(([size]) => size)
  const ticks = ticksAround(lines.flatMap(({ points }) => points.map(([, ms]) => ms)))
  const places = {
    x: scale(sizes[0], sizes.at(-1), AREA.left + 20, AREA.right - 20),
    y: scale(ticks[0], ticks.at(-1), AREA.bottom, AREA.top),
  }
  const colour = (at) => COLOURS[at % COLOURS.length]
  const body = [
    ...axes(sizes, ticks, places),
    ...lines.flatMap((one, at) => line(one, colour(at), places)),
    ...lines.map((one, at) => legend(one, at, colour(at))),
  ]
  return frame({ title: `One request against the size, ${ofMachine(machine)}`, height: HEIGHT }, body.join('\n'))
}
