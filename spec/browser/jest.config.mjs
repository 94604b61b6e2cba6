import { readFileSync } from 'node:fs'

const base = JSON.parse(readFileSync(new URL('../../jest.config.json', import.meta.url), 'utf8'))

// biome-ignore lint/style/noDefaultExport: jest asks for one
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/spec/browser'],
  testMatch: ['**/*.browser.ts'],
  testTimeout: 120_000,
  maxWorkers: 1,
}
