import { createHash } from 'node:crypto'

/** Colours. Every pair that meets on a page has a contrast of 4.5:1 at least, borders of fields 3:1 (WCAG 1.4.3, 1.4.11). */
const COLOURS = `
:root {
  color-scheme: light dark;
  --ground: #f7f5f0; --sheet: #ffffff; --ink: #1d2126; --quiet: #575f6a; --line: #e2ded4; --edge: #82868c;
  --accent: #8a4b16; --accent-strong: #6f3a0e; --on-accent: #ffffff; --code: #f4f1ea;
  --bad: #a3211b; --bad-ground: #fdf0ee; --good: #1c6238; --good-ground: #edf7f0; --news: #234f82; --news-ground: #eef4fb;
  --shade: 0 1px 2px rgb(40 30 15 / 6%), 0 8px 28px rgb(40 30 15 / 7%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --sheet: #1c1f24; --ink: #eae8e3; --quiet: #a5acb6; --line: #31363d; --edge: #767d88;
    --accent: #e6a870; --accent-strong: #f2bd8d; --on-accent: #1b140d; --code: #121418;
    --bad: #f5a19a; --bad-ground: #331b1a; --good: #8fd3a8; --good-ground: #15291d; --news: #a3c6f1; --news-ground: #17263a;
    --shade: 0 1px 2px rgb(0 0 0 / 40%), 0 8px 28px rgb(0 0 0 / 30%);
  }
}
`

/** The frame of every page: the top with the mark, the content, the foot. */
const FRAME = `
* { box-sizing: border-box; }
html { font: 100%/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--ground); color: var(--ink); }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.6rem 1rem; background: var(--sheet); border-radius: 8px; z-index: 1; }
.skip:focus { top: 1rem; }
.top, main, .foot { width: 100%; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2rem); }
.top { display: flex; flex-wrap: wrap; gap: 0.75rem 1.25rem; align-items: center; justify-content: space-between; padding-top: 1.5rem; padding-bottom: 1rem; }
.brand { display: inline-flex; align-items: center; gap: 0.65rem; font-weight: 650; font-size: 1.05rem; letter-spacing: -0.01em;
  color: var(--ink); text-decoration: none; overflow-wrap: anywhere; }
.brand svg, .brand img { flex: none; width: 2rem; height: 2rem; }
.brand img { object-fit: contain; border-radius: 6px; }
.brand svg.mark { color: var(--accent); }
.band { display: block; width: 100%; height: 0.3rem; }
.whoami { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; align-items: center; font-size: 0.92rem; color: var(--quiet); overflow-wrap: anywhere; }
.whoami form { margin: 0; }
main { flex: 1; padding-bottom: 3rem; }
.foot { padding-top: 1rem; padding-bottom: 1.5rem; font-size: 0.85rem; color: var(--quiet); }
.foot a { color: inherit; }
.card-page .top, .card-page main, .card-page .foot { max-width: 31rem; }
.card-page .top { justify-content: center; padding-top: clamp(1.5rem, 7vh, 4.5rem); }
.card-page .foot { text-align: center; }
.card-page .sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shade);
  padding: clamp(1.35rem, 5vw, 2.4rem); }
.wide-page .top, .wide-page main, .wide-page .foot { max-width: 62rem; }
.account-page .top, .account-page main, .account-page .foot { max-width: 68rem; }
.account-page .top { border-bottom: 1px solid var(--line); padding-bottom: 1.1rem; margin-bottom: 1.75rem; }
.account-page .columns { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 2.5rem; align-items: start; }
.title { margin: 0 0 1.4rem; }
.title p { margin: 0.4rem 0 0; color: var(--quiet); }
.wide-page .title { margin-top: 1.5rem; }
@media (max-width: 46rem) { .account-page .columns { grid-template-columns: minmax(0, 1fr); gap: 1.25rem; } }
`

const TEXT = `
h1 { margin: 0; font-size: clamp(1.45rem, 1.2rem + 1.2vw, 1.9rem); line-height: 1.2; letter-spacing: -0.02em; font-weight: 680; overflow-wrap: anywhere; }
h2 { margin: 2.25rem 0 0.6rem; font-size: 1.15rem; line-height: 1.3; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; overflow-wrap: anywhere; }
p { margin: 0.6rem 0; max-width: 42rem; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: 0.18em; }
a:hover { color: var(--accent-strong); }
.quiet-text { color: var(--quiet); font-size: 0.92rem; }
ol { padding-left: 1.3rem; margin: 0.6rem 0; }
ul { padding-left: 1.2rem; margin: 0.6rem 0; }
li { margin: 0.35rem 0; }
ol.steps > li { margin: 1.1rem 0; padding-left: 0.35rem; }
ol.steps > li::marker { color: var(--accent); font-weight: 650; }
pre { margin: 0.5rem 0 0; padding: 0.85rem 1rem; overflow-x: auto; background: var(--code); border: 1px solid var(--line);
  border-radius: 10px; font-size: 0.85rem; line-height: 1.55; white-space: pre; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.92em; overflow-wrap: anywhere; }
pre code { font-size: inherit; overflow-wrap: normal; }
.secret { display: block; padding: 0.8rem 1rem; background: var(--code); border: 1px dashed var(--edge); border-radius: 10px; user-select: all; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.4rem 1.5rem; margin: 1.25rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.wide-page dl, .account-page .plain > dl { padding: 1.1rem 1.25rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 12px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 34rem) { dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd + dt { margin-top: 0.7rem; } }
`

const FORMS = `
form { margin: 1.1rem 0 0; }
.field { margin: 0 0 1.15rem; }
label, legend { display: block; font-weight: 600; margin: 0 0 0.3rem; padding: 0; }
.field p { margin: 0 0 0.35rem; color: var(--quiet); font-size: 0.92rem; }
.field p.error { margin: 0.35rem 0 0; color: var(--bad); font-weight: 600; }
input, select { font: inherit; color: var(--ink); }
input:not([type="checkbox"], [type="radio"], [type="hidden"]), select { width: 100%; min-height: 2.85rem; padding: 0.55rem 0.8rem; background: var(--sheet);
  border: 1px solid var(--edge); border-radius: 9px; }
input[inputmode="numeric"] { letter-spacing: 0.12em; font-variant-numeric: tabular-nums; }
input:focus-visible, select:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; border-radius: 9px; }
[aria-invalid="true"][id] { border-color: var(--bad); border-width: 2px; }
fieldset { border: 0; margin: 0 0 1.15rem; padding: 0; min-width: 0; }
.choice, .choices label { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.1rem 0.75rem; align-items: start; padding: 0.8rem 0.95rem; margin: 0.5rem 0;
  border: 1px solid var(--line); border-radius: 10px; background: var(--sheet); font-weight: 400; cursor: pointer; }
.choice:hover, .choices label:hover { border-color: var(--accent); }
.choice input, .choices input { width: 1.15rem; height: 1.15rem; margin: 0.2rem 0 0; accent-color: var(--accent); }
.choice strong, .choice span { overflow-wrap: anywhere; }
.choices .quiet-text { display: block; }
.choice .detail { grid-column: 2; color: var(--quiet); font-size: 0.92rem; }
button, .button { display: inline-block; font: inherit; font-weight: 620; line-height: 1.4; min-height: 2.85rem; padding: 0.65rem 1.25rem; border: 1px solid transparent;
  border-radius: 9px; text-align: center; text-decoration: none; cursor: pointer; }
button.main, .button.main { color: var(--on-accent); background: var(--accent); }
button.main:hover, .button.main:hover { color: var(--on-accent); background: var(--accent-strong); }
button.quiet, .button.quiet { color: var(--ink); background: var(--sheet); border-color: var(--edge); }
button.quiet:hover, .button.quiet:hover { border-color: var(--accent); color: var(--accent-strong); }
button.danger, .button.danger { color: var(--bad); background: var(--sheet); border-color: var(--bad); }
button.danger:hover, .button.danger:hover { background: var(--bad-ground); }
button.link, .card-page button.link { width: auto; min-height: 0; padding: 0; border: 0; background: none; color: var(--accent); font-weight: 400; text-decoration: underline; text-underline-offset: 0.18em; }
.card-page form > button, .card-page form > .button, .card-page .sheet > .button { width: 100%; }
.card-page form + p { margin-top: 1.2rem; }
.card-page .sheet > :last-child { margin-bottom: 0; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.2rem; align-items: center; }
.actions form { margin: 0; }
.card-page .actions > * { flex: 1 1 9rem; }
.card-page .actions form > button { width: 100%; }
.notice { margin: 0 0 1.2rem; padding: 0.8rem 1rem; border: 1px solid; border-left-width: 4px; border-radius: 9px; overflow-wrap: anywhere; }
.notice.error { color: var(--bad); background: var(--bad-ground); }
.notice.success { color: var(--good); background: var(--good-ground); }
.notice.info { color: var(--news); background: var(--news-ground); }
.notice a { color: inherit; }
.notice p { margin: 0.3rem 0; }
`

const PARTS = `
.card { background: var(--sheet); border: 1px solid var(--line); border-radius: 14px; padding: clamp(1.1rem, 3vw, 1.6rem); margin: 0 0 1.25rem; }
.card > h2 { margin: 0 0 0.4rem; }
.card > h2 + .notice { margin-top: 0.8rem; }
.card > :first-child { margin-top: 0; }
.card > :last-child { margin-bottom: 0; }
.card form .field:last-of-type { margin-bottom: 1.3rem; }
.card > .fields, .card form { max-width: 28rem; }
ul.rows { list-style: none; margin: 0; padding: 0; }
ul.rows > li { display: flex; flex-wrap: wrap; gap: 0.6rem 1.25rem; align-items: center; justify-content: space-between; margin: 0; padding: 1rem 0;
  border-top: 1px solid var(--line); }
ul.rows > li:first-child { border-top: 0; padding-top: 0.4rem; }
ul.rows > li:last-child { padding-bottom: 0; }
ul.rows .what { flex: 1 1 16rem; min-width: 0; }
ul.rows .what p { margin: 0.15rem 0 0; color: var(--quiet); font-size: 0.92rem; }
ul.rows form { margin: 0; }
.badge { display: inline-block; margin-left: 0.5rem; padding: 0.05rem 0.55rem; border: 1px solid; border-radius: 999px; font-size: 0.8rem; font-weight: 600; line-height: 1.5;
  color: var(--quiet); vertical-align: 0.08em; white-space: nowrap; }
ul.words { list-style: none; margin: 1rem 0; padding: 0; border: 1px solid var(--line); border-radius: 12px; }
ul.words li { margin: 0; padding: 0.7rem 1rem; overflow-wrap: anywhere; }
ul.words li + li { border-top: 1px solid var(--line); }
dd > .badge:first-child { margin-left: 0; }
.badge.good { color: var(--good); background: var(--good-ground); }
.badge.bad { color: var(--bad); background: var(--bad-ground); }
.empty { margin: 0.6rem 0 0; padding: 1.6rem 1.2rem; border: 1px dashed var(--edge); border-radius: 12px; color: var(--quiet); text-align: center; }
.empty p { margin: 0.3rem auto; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.6rem 0.75rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; font-size: 0.9rem; }
.codes { list-style: none; margin: 1rem 0; padding: 1rem; display: grid; gap: 0.35rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
  background: var(--code); border: 1px dashed var(--edge); border-radius: 10px; }
.codes li { margin: 0; font-size: 1.05rem; letter-spacing: 0.04em; }
.qr { display: block; width: min(100%, 15rem); height: auto; margin: 1rem 0; padding: 0.75rem; background: #ffffff; border: 1px solid var(--line); border-radius: 12px; }
.side ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.15rem; }
.side li { margin: 0; }
.side a { display: block; padding: 0.5rem 0.8rem; border-radius: 8px; color: var(--ink); text-decoration: none; }
.side a:hover { color: var(--accent-strong); background: var(--sheet); }
.side a[aria-current="page"] { background: var(--sheet); color: var(--accent); font-weight: 640; box-shadow: inset 3px 0 0 var(--accent); }
.tiles ul { list-style: none; margin: 0.8rem 0 0; padding: 0; display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); }
.tiles li { margin: 0; }
.tiles a { display: block; height: 100%; padding: 0.9rem 1.1rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 12px;
  text-decoration: none; font-weight: 620; }
.tiles a:hover { border-color: var(--accent); }
.tiles span { display: block; color: var(--quiet); font-weight: 400; font-size: 0.9rem; }
@media (max-width: 46rem) { .side ul { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); } }
@media (forced-colors: active) { .qr { forced-color-adjust: none; } }
`

/** The one style sheet of our pages: no outside font, no image; light and dark by the reader's setting. */
export const STYLE = COLOURS + FRAME + TEXT + FORMS + PARTS

/** Where it is served; the name changes with the content, since browsers keep it for an hour. */
export const STYLE_HREF = `/pages/style.css?v=${createHash('sha256').update(STYLE).digest('hex').slice(0, 12)}`
