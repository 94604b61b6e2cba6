import type { VNode } from 'preact'
import { encode } from 'uqr'

/** Modules of white around the code. Source: ISO/IEC 18004 §9.1 */
const BORDER = 4

/** A text as a QR code, drawn in one path: no image to load, no style. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }): VNode {
  const { data, size } = encode(text, { border: BORDER })
  const dots = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={dots.join('')} fill="#000000" />
    </svg>
  )
}
