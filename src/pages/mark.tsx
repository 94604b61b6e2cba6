import type { VNode } from 'preact'

const PATH =
  'M4 44V14h3v-4h3v4h3v-4h3v34M32 44V10h3v4h3v-4h3v4h3v30M2 44h44M16 20h16M16 44V32a8 8 0 0 1 16 0v12M20 44v-9M24 44V30M28 44v-9'

/** A gate between two towers, in the colour of the text around it. */
export function Mark(): VNode {
  return (
    <svg
      class="mark"
      viewBox="0 0 48 48"
      fill="none"
      stroke="currentColor"
      stroke-width="2.5"
      stroke-linejoin="round"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d={PATH} />
    </svg>
  )
}

/** The same as a file, for the tab of the browser. */
export const MARK_FILE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" fill="none" stroke="#8a4b16" stroke-width="3.5" stroke-linejoin="round" stroke-linecap="round"><path d="${PATH}"/></svg>`
