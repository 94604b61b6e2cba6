const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Markup that is safe to send: made by `html`, never by hand. */
export interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Markup[]

function render(part: Part): string {
  if (typeof part === 'string') return part.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map((one) => one.markup).join('')
}

/** Template tag for HTML: every value is escaped unless it is markup already, in elements and quoted attributes alike. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.map((text, i) => text + (i < parts.length ? render(parts[i] ?? '') : '')).join('') }
}
