import type { Context } from '../../access/context.js'
import type { TriggerDefinition } from '../../jsonapi/define.js'

const switchTo =
  (subject: string, off: boolean) =>
  async (ctx: Context, id: string): Promise<void> => {
    const { disabled_at } = await ctx.scope.lock(subject, id, 'update')
    if ((disabled_at !== null) === off) return
    await ctx.scope.update(subject, id, { disabled_at: off ? ctx.now.toISOString() : null })
  }

const TARGET = {
  disable: 'Switches it off: no new token can name it, and storefronts do not see it any more.',
  enable: 'Switches it on again.',
}

/** The triggers that set and clear `disabled_at` of a subject. Twice is once: the first time stays. */
export const switches = (subject: string, doc = TARGET): Record<string, TriggerDefinition> => ({
  _disable: { doc: doc.disable, onCreate: true, run: switchTo(subject, true) },
  _enable: { doc: doc.enable, onCreate: true, run: switchTo(subject, false) },
})
