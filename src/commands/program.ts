import { Command } from 'commander'
import { VERSION } from '../version.js'
import { createOrganization } from './create-organization.js'
import { demo } from './demo.js'
import type { Surroundings } from './environment.js'
import { migrateDatabase } from './migrate.js'
import { openapi } from './openapi.js'
import { resources } from './resources.js'
import { rotateKeys } from './rotate-keys.js'
import { serve } from './serve.js'
import { withdrawKey } from './withdraw-key.js'

const JSON_OPTION = ['--json', 'print one JSON document on stdout'] as const

function addOperations(program: Command, around: Surroundings): void {
  program
    .command('serve')
    .description('Run the service: migrates, listens, stops gently on SIGTERM. A new embedded database gets the demo.')
    .action(() => serve(around))
  program
    .command('migrate')
    .description('Bring the database to the newest schema.')
    .option(...JSON_OPTION)
    .action((options) => migrateDatabase(around, options))
  program
    .command('demo')
    .description('Make the demo organization and print its credentials, which exist nowhere else.')
    .option(...JSON_OPTION)
    .action((options) => demo(around, options))
  program
    .command('create-organization')
    .description('Make an organization and the account of its owner, with a personal credential.')
    .requiredOption('--name <name>', 'name of the organization')
    .requiredOption('--owner-email <address>', "the owner's address; it counts as proven")
    .option(...JSON_OPTION)
    .action((options) => createOrganization(around, options))
}

function addKeys(program: Command, around: Surroundings): void {
  const keys = program.command('keys').description('Signing keys.')
  keys
    .command('rotate')
    .description('Make the next signing keys. They are published now and used after a delay.')
    .option('--activate-in <seconds>', 'delay in seconds, longer than others cache the JWKS', '600')
    .option('--emergency', 'the old keys are lost to someone: use the new key now and end every token', false)
    .option(...JSON_OPTION)
    .action((options) => rotateKeys(around, options))
}

function addDescriptions(program: Command, around: Surroundings): void {
  program
  keys
    .command('withdraw')
    .description('End one signing key now: what it has signed is dead, and another key signs from here on.')
    .argument('<kid>', 'id of the key, as in the JWKS')
    .option(...JSON_OPTION)
    .action((kid, options) => withdrawKey(around, kid, options))
    .command('openapi')
    .description('Print openapi.yaml.')
    .option(...JSON_OPTION)
    .action((options) => openapi(around, options))
  program
    .command('resources')
    .description('Print every resource type: fields and what may be done to each, relationships, verbs, actions.')
    .option(...JSON_OPTION)
    .action((options) => resources(around, options))
}

/** The command line. Faults of a command are thrown to the caller; bad usage is told by commander itself. */
export function createProgram(around: Surroundings): Command {
  const program = new Command('gatehouse')
    .description('Self-hosted identity, credentials and provisioning for headless commerce.')
    .version(VERSION)
    .showHelpAfterError()
  addOperations(program, around)
  addKeys(program, around)
  addDescriptions(program, around)
  return program
}
