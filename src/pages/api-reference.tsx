import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { VNode } from 'preact'

/** The renderer sets styles on elements, and draws its icons from data URLs; all else comes from us. */
export const REFERENCE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The renderer's files that are served. No directory is: nothing else of the package can be asked for. */
export const REFERENCE_ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const

/** Where the renderer's package lies. */
export const referenceFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/swagger-ui.css'))

/** Starts the renderer; a file of its own because the policy forbids scripts in the page. */
export const REFERENCE_SCRIPT = `SwaggerUIBundle({
  url: '/openapi.yaml', dom_id: '#reference', deepLinking: true, docExpansion: 'none',
  defaultModelsExpandDepth: 0, filter: true, validatorUrl: null, tryItOutEnabled: false,
});
`

/** The page at `/docs/api`: openapi.yaml, made readable. */
export function ReferencePage(): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Gatehouse API reference</title>
        <link rel="icon" type="image/svg+xml" href="/pages/mark.svg" />
        <link rel="stylesheet" href="/docs/api/swagger-ui.css" />
      </head>
      <body>
        <main id="reference">
          <noscript>
            The reference is drawn by a script; the same is in <a href="/openapi.yaml">openapi.yaml</a>.
          </noscript>
        </main>
        <script src="/docs/api/swagger-ui-bundle.js" />
        <script src="/docs/api/start.js" />
      </body>
    </html>
  )
}
