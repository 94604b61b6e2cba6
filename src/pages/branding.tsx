import type { VNode } from 'preact'

/** How an organization shows itself on the pages of its applications. */
export interface Branding {
  readonly name: string
  /** An https address, already checked by `brandingOf`; the page's policy must let it in (`imageFrom`). */
  readonly logoUrl?: string | undefined
  /** `#rrggbb`, already checked by `brandingOf`. */
  readonly color?: string | undefined
}

const COLOR = /^#[0-9a-fA-F]{6}$/
const FALLBACK = '#575f6a'

/** The image's address if a browser may load it from there: https, no name in it, nothing that ends a directive. */
function safeLogo(url: string | null): URL | undefined {
  if (url === null || !URL.canParse(url)) return undefined
  const parsed = new URL(url)
  const plain = parsed.protocol === 'https:' && parsed.username === '' && parsed.password === ''
  return plain && /^https:\/\/[A-Za-z0-9.:-]+$/.test(parsed.origin) ? parsed : undefined
}

/** An organization's own look, of what its row says: colours and addresses that are not plain ones are left out.
 *  @returns what Document takes, and the origin that the page's policy must let images in from */
export function brandingOf(organization: {
  readonly name: string
  readonly logo_url: string | null
  readonly primary_color: string | null
}): { branding: Branding; imageFrom?: string } {
  const logo = safeLogo(organization.logo_url)
  const color = COLOR.test(organization.primary_color ?? '') ? organization.primary_color : null
  const branding = { name: organization.name, logoUrl: logo?.href, color: color ?? undefined }
  return logo === undefined ? { branding } : { branding, imageFrom: logo.origin }
}

/** Black or white, whichever reads better on a colour. Source: WCAG 2.2, "relative luminance" */
function inkOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff'
}

/** The first letter of the name on the colour: a logo for those who have none. */
function Monogram({ branding }: { readonly branding: Branding }): VNode {
  const { name, color = FALLBACK } = branding
  const [letter = ''] = name.trim()
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill={color} />
      <text x="16" y="22" text-anchor="middle" font-size="17" font-weight="600" fill={inkOn(color)}>
        {letter.toUpperCase()}
      </text>
    </svg>
  )
}

/** A stripe of the organization's colour over the page: an attribute of a drawing, since the policy forbids styles. */
export function Band({ branding }: { readonly branding: Branding }): VNode | null {
  if (branding.color === undefined) return null
  return (
    <svg class="band" preserveAspectRatio="none" viewBox="0 0 1 1" aria-hidden="true">
      <rect width="1" height="1" fill={branding.color} />
    </svg>
  )
}

/** The organization's logo and name, in the top of a page. */
export function Brand({ branding }: { readonly branding: Branding }): VNode {
  return (
    <span class="brand">
      {branding.logoUrl === undefined ? <Monogram branding={branding} /> : <img src={branding.logoUrl} alt="" />}
      <span>{branding.name}</span>
    </span>
  )
}
