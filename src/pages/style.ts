import { createHash } from 'node:crypto'

/** The one style sheet of our pages: no outside font, no image; light and dark by the reader's setting. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fbfaf7; --sheet: #ffffff; --ink: #1d2126; --quiet: #5b6470; --line: #dfdcd4; --accent: #8a4b16; --code: #f4f1ea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15171a; --sheet: #1c1f23; --ink: #e9e7e2; --quiet: #a2a9b3; --line: #33383f; --accent: #e3a36b; --code: #111315;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
body { margin: 0; background: var(--ground); color: var(--ink); }
main, header { max-width: 60rem; margin: 0 auto; padding-left: 1.5rem; padding-right: 1.5rem; }
header { padding-top: 3.5rem; display: flex; gap: 1.1rem; align-items: center; }
header svg { flex: none; width: 3.25rem; height: 3.25rem; color: var(--accent); }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 2.75rem 0 0.6rem; font-size: 1.15rem; letter-spacing: -0.01em; }
header p { margin: 0.2rem 0 0; color: var(--quiet); }
p { margin: 0.6rem 0; max-width: 42rem; }
a { color: var(--accent); text-underline-offset: 0.18em; }
button { font: inherit; font-weight: 600; padding: 0.7rem 1.2rem; border: 0; border-radius: 8px; color: var(--ground);
  background: var(--accent); cursor: pointer; }
a:focus-visible, pre:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
main { padding-bottom: 4rem; }
main > form { margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1.5rem; margin: 2rem 0 0; padding: 1.1rem 1.25rem;
  background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
ol { padding-left: 1.3rem; margin: 0.6rem 0; }
li { margin: 1.1rem 0; }
pre { margin: 0.5rem 0 0; padding: 0.85rem 1rem; overflow-x: auto; background: var(--code); border: 1px solid var(--line);
  border-radius: 8px; font-size: 0.85rem; line-height: 1.55; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.94em; }
pre code { font-size: inherit; }
nav ul { list-style: none; margin: 0.8rem 0 0; padding: 0; display: grid; gap: 0.75rem;
  grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
nav li { margin: 0; }
nav a { display: block; height: 100%; padding: 0.9rem 1.1rem; background: var(--sheet); border: 1px solid var(--line);
  border-radius: 10px; text-decoration: none; font-weight: 600; }
nav a:hover { border-color: var(--accent); }
nav span { display: block; color: var(--quiet); font-weight: 400; font-size: 0.9rem; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dd + dt { margin-top: 0.7rem; } header { padding-top: 2rem; } }
`

/** Where it is served; the name changes with the content, since browsers keep it for an hour. */
export const STYLE_HREF = `/pages/style.css?v=${createHash('sha256').update(STYLE).digest('hex').slice(0, 12)}`
