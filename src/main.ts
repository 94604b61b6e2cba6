#!/usr/bin/env node
import { config as loadDotenv } from 'dotenv'
import { createProgram } from './commands/program.js'

// A file beside the service is a convenience of development; in production the environment is the only source.
if (process.env.NODE_ENV !== 'production') loadDotenv({ quiet: true })

// Words for the operator, no stack: what can go wrong before the service runs has a text that says what to do.
function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

// Whoever read our output has gone: the service goes on without (ATTACKS F10). Anything else is thrown as ever.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ENOSPC') throw error
  })
}

const program = createProgram({
  env: process.env,
  out: (text) => void process.stdout.write(text),
  onSignal: (listener) => {
    process.on('SIGTERM', listener)
    process.on('SIGINT', listener)
  },
})

await program.parseAsync().catch(fail)
