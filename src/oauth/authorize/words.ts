import { meaningOf } from './meaning.js'

const IDENTITY: Readonly<Record<string, string>> = {
  openid: 'Know who you are.',
  profile: 'See your name and your time zone.',
  email: 'See your e-mail address.',
}

const VERBS: Readonly<Record<string, string>> = {
  create: 'Create',
  read: 'See',
  update: 'Change',
  destroy: 'Delete',
  manage: 'See, create, change and delete',
}

/** `api_credentials` as people say it. */
const spoken = (subject: string): string => subject.replaceAll('_', ' ').replace(/^api /, 'API ')

function rightInWords(right: string, place: string): string {
  const [subject = '', verb = ''] = right.split(':', 2)
  if (subject === '*') return `See everything that you may see in ${place}.`
  return `${VERBS[verb] ?? verb} ${spoken(subject)} in ${place}, as far as you may.`
}

function targetInWords(target: string): string {
  const [, kind = '', how = '', which = ''] = /^([a-z_]+):(?:(all|id|code):?)?(.*)$/.exec(target) ?? []
  if (how === 'all') return kind === 'market' ? 'Use the shop in all markets.' : `Use the shop in all ${spoken(kind)}s.`
  return `Use the shop in the ${spoken(kind)} ${which}.`
}

/** What a scope lets an application do, in words: a sentence for each thing, the widest first.
 *  @param place where, e.g. the name of the organization */
export function wordsOf(scope: string, place: string): string[] {
  const { rights, targets, metrics, identity } = meaningOf(scope)
  const everything = rights === 'all' ? [`Do everything that you may do in ${place}.`] : []
  const each = rights === 'all' ? [] : rights.map((right) => rightInWords(right, place))
  return [
    ...everything,
    ...each,
    ...(metrics ? [`Read the metrics of ${place}.`] : []),
    ...targets.map(targetInWords),
    ...identity.map((item) => IDENTITY[item] ?? item),
  ]
}
