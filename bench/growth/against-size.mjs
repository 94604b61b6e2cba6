import { median, ratio } from '../measure.js'
import { openHomes, short } from './homes.mjs'
import { ask, byNumber, bySize, byUser, findDepth } from './questions.mjs'

const WHOLE = { sizes: [1_000, 10_000, 100_000, 1_000_000], organizations: 50_000, seats: 5_000, rounds: 101 }
const QUICK = { sizes: [1_000, 5_000, 20_000], organizations: 1_000, seats: 200, rounds: 21 }
// Until code is compiled and statements are prepared.
const WARM_ROUNDS = 100
const GROUPS = 5
// What a user in thousands of organizations asks for takes PostgreSQL half a second and more; the code is warm by then.
const FEW = { rounds: 5, warm: 2 }

/** Medians of the rounds, in groups: how far they disagree is told as a spread. */
function summary(times) {
  const size = times.length / GROUPS
  const rounds = Array.from({ length: GROUPS }, (_, at) =>
    median(times.slice(Math.floor(at * size), Math.floor((at + 1) * size))),
  )
  return { p50: median(times), rounds }
}

/** The homes, each round another one first. */
const turned = (homes, round) => homes.map((_, at) => (at + round + homes.length * WARM_ROUNDS) % homes.length)

/** Asks all questions of all homes in turn, round after round, one request at a time.
 *  @returns for each question, by the home's label: the median and those of groups of rounds */
async function inTurns(homes, questions, { rounds, warm = WARM_ROUNDS }) {
  const times = questions.map(() => homes.map(() => []))
  for (let round = -warm; round < rounds; round += 1) {
    for (const [row, question] of questions.entries()) {
      const order = turned(homes, round)
      // Whoever comes first after another question pays for it: that is no home's.
      await ask(homes[order.at(-1)], question)
      for (const column of order) {
        const milliseconds = await ask(homes[column], question)
        if (round >= 0) times[row][column].push(milliseconds)
      }
    }
  }
  return Object.fromEntries(
    questions.map(({ name }, row) => [
      name,
      Object.fromEntries(homes.map(({ label }, column) => [label, summary(times[row][column])])),
    ]),
  )
}

const english = (number) => number.toLocaleString('en')
const same = (value) => value
const rows = (told) =>
  Object.fromEntries(
    Object.entries(told).flatMap(([name, byLabel]) =>
      Object.entries(byLabel).map(([label, { p50 }]) => [`${name}, ${label}`, { p50 }]),
    ),
  )

/** The ratio of each question between two homes. */
const ratios = (told, one, other, targets = {}) =>
  Object.entries(told).map(([name, byLabel]) => ({
    name: `${name}: ${one} ÷ ${other}`,
    ...ratio(byLabel, one, other, same),
    ...(name in targets ? { atMost: targets[name] } : {}),
  }))

async function againstSize({ sizes: homes }, { rounds }) {
  const asked = []
  for (const home of homes) asked.push({ ...home, ...(await findDepth(home)) })
  const told = await inTurns(asked, bySize, { rounds })
  const [small, large] = [homes[0].label, homes.at(-1).label]
  const pages = { first: told['first page'][large], deep: told['cursor page'][large] }
  const count = { times: told.count[large], one: { rounds: Array(GROUPS).fill(1) } }
  return {
    title: `Growth: one organization of ${homes.map(({ label }) => label).join(', ')} memberships, one request at a time, medians of ${rounds}`,
    results: {},
    series: Object.entries(told).map(([name, byLabel]) => ({
      name: name === 'cursor page' ? 'cursor page at 99 %' : name,
      points: homes.map(({ size, label }) => [size, Number(byLabel[label].p50.toFixed(3))]),
    })),
    ratios: [
      ...ratios(told, large, small, { 'first page': 1.5 }),
      {
        name: `cursor page at 99 % of ${large} ÷ first page of ${large}`,
        ...ratio(pages, 'deep', 'first', same),
        atMost: 1.5,
      },
      {
        name: `record_count at ${large}`,
        unit: 'ms',
        ...ratio(count, 'times', 'one', same),
        atMost: 5,
      },
    ],
  }
}

async function againstSeats({ sizes, many }, { seats, rounds }) {
  // Somebody in one organization of about as many memberships as the other sees in all.
  const one = { ...sizes[1], label: 'in one', organizations: 1 }
  const told = {
    ...(await inTurns([one, many], byUser.tokens, { rounds })),
    ...(await inTurns([one, many], byUser.lists, FEW)),
  }
  return {
    title: `Growth: a user in ${english(seats)} organizations (${english(many.rows)} memberships) beside a user in one of ${sizes[1].label}`,
    results: rows(told),
    ratios: ratios(told, many.label, one.label, { token: 1.2 }),
  }
}

async function againstOrganizations({ sizes, alone }, { organizations, rounds }) {
  const among = { ...sizes[0], label: `among ${english(organizations)}` }
  const told = await inTurns([alone, among], byNumber, { rounds })
  return {
    title: `Growth: an organization of ${short(alone.size)} memberships among ${english(organizations)} organizations beside the same alone`,
    results: rows(told),
    ratios: ratios(told, among.label, alone.label),
  }
}

/** What the same questions cost of organizations of all sizes, of a user in many of them, and of one among many. */
export async function measureSizes({ server, root, quick, note }) {
  const plan = quick ? QUICK : WHOLE
  const homes = await openHomes({ server, root, plan, note })
  try {
    const parts = []
    for (const measure of [againstSize, againstSeats, againstOrganizations]) {
      note(measure.name)
      parts.push(await measure(homes, plan))
    }
    return parts
  } finally {
    await homes.stop()
  }
}
