import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { LIMITS } from '../../src/config/limits.js'
import { jobs } from '../../src/jobs/index.js'
import { type Service, startService } from '../support/service.js'

const file = (name: string): string => readFileSync(`docs/operations/${name}`, 'utf8')

let service: Service
let told: Set<string>

beforeAll(async () => {
  service = await startService()
  const text = await (await fetch(`${service.url}/metrics`)).text()
  told = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string))
})
afterAll(() => service.stop())

const namesIn = (text: string): string[] =>
  [...text.matchAll(/\b(?:gatehouse|nodejs|process)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(?:count|bucket)$/, ''),
  )

test.each(['grafana-dashboard.json', 'prometheus-alerts.yaml'])('each metric named in %s exists', (name) => {
  const names = namesIn(file(name))
  expect(names.length).toBeGreaterThan(8)
  expect(names.filter((one) => !told.has(one))).toEqual([])
})

test('each alert has an expression, a severity and a summary; each panel a query', () => {
  for (const rule of parse(file('prometheus-alerts.yaml')).groups[0].rules) {
    expect(rule).toMatchObject({
      alert: expect.stringMatching(/^Gatehouse/),
      expr: expect.any(String),
      labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
      annotations: { summary: expect.any(String) },
    })
  }
  for (const { targets } of JSON.parse(file('grafana-dashboard.json')).panels) {
    expect(targets[0].expr).toEqual(expect.any(String))
  }
})

test('each limit stands in docs/configuration.md with its default', () => {
  const text = readFileSync('docs/configuration.md', 'utf8')
  const missing = Object.values(LIMITS)
    .map(({ variable, points, seconds }) => `| \`${variable}\` | \`${points}/${seconds}\` |`)
    .filter((row) => !text.includes(row))
  expect(missing).toEqual([])
})

test('each job stands in the table of background jobs, with how often it runs', () => {
  const rows = [...file('README.md').matchAll(/^\| `([a-z-]+)` \| (\d+) (s|min|h) \|/gm)]
  const told = rows.map(([, name, number, unit]) => [name, Number(number) * { s: 1, min: 60, h: 3600 }[unit as 's']])
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(jobs.map(({ name, everySeconds }) => [name, everySeconds])),
  )
})
