import { Command } from 'commander'
import { VERSION } from '../version.js'
import type { Surroundings } from './environment.js'

// Each command is loaded when it is called: `serve` wants its engine started before the rest is even read.
const JSON_OPTION = ['--json', 'print one JSON document on stdout'] as const

function addOperations(program: Command, around: Surroundings): void {
  program
    .command('serve')
    .description('Run the service: migrates, listens, stops gently on SIGTERM. A new embedded database gets the demo.')
    .action(async () => (await import('./serve.js')).serve(around))
  program
    .command('migrate')
    .description('Bring the database to the newest schema.')
    .option(
      '--rollback <count>',
      'take the last migrations back instead, newest first: data in what they added is lost',
    )
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./migrate.js')).migrateDatabase(around, options))
  program
    .command('demo')
    .description('Make the demo organization and print its credentials, which exist nowhere else.')
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./demo.js')).demo(around, options))
  program
    .command('create-organization')
    .description('Make an organization and the account of its owner, with a personal credential.')
    .requiredOption('--name <name>', 'name of the organization')
    .requiredOption('--owner-email <address>', "the owner's address; it counts as proven")
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./create-organization.js')).createOrganization(around, options))
}

function addPeople(program: Command, around: Surroundings): void {
  program
    .command('login')
    .description('Sign in with a browser, here or on another machine, and print an access token.')
    .option('--server <issuer>', "the service's issuer; default: this installation's")
    .option('--scope <scope>', 'what the token may do', 'provisioning-api')
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./login.js')).login(around, options))
}

function addKeys(program: Command, around: Surroundings): void {
  const keys = program.command('keys').description('Signing keys.')
  keys
    .command('rotate')
    .description('Make the next signing keys. They are published now and used after a delay.')
    .option('--activate-in <seconds>', 'delay in seconds, longer than others cache the JWKS', '600')
    .option('--emergency', 'the old keys are lost to someone: use the new key now and end every token', false)
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./rotate-keys.js')).rotateKeys(around, options))
  keys
    .command('withdraw')
    .description('End one signing key now: what it has signed is dead, and another key signs from here on.')
    .argument('<kid>', 'id of the key, as in the JWKS')
    .option(...JSON_OPTION)
    .action(async (kid, options) => (await import('./withdraw-key.js')).withdrawKey(around, kid, options))
}

function addDescriptions(program: Command, around: Surroundings): void {
  program
    .command('openapi')
    .description('Print openapi.yaml.')
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./openapi.js')).openapi(around, options))
  program
    .command('resources')
    .description('Print every resource type: fields and what may be done to each, relationships, verbs, actions.')
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./resources.js')).resources(around, options))
}

/** The command line. Faults of a command are thrown to the caller; bad usage is told by commander itself. */
export function createProgram(around: Surroundings): Command {
  const program = new Command('gatehouse')
    .description('Self-hosted identity, credentials and provisioning for headless commerce.')
    .version(VERSION)
    .showHelpAfterError()
  addOperations(program, around)
  addPeople(program, around)
  addKeys(program, around)
  addDescriptions(program, around)
  return program
}
