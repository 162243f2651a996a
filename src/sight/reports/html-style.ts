/** The one style sheet of the report; its digest is in the policy of the page, which allows no other. */
export const htmlStyle = `
:root { color-scheme: light dark; --ground: #fff; --raised: #f5f6f8; --text: #1b1f24; --quiet: #545d68; --line: #c9d0d8; --accent: #0b57b0;
  --critical: #a8071a; --high: #b3400a; --medium: #7a5c00; --low: #22618a; --info: #545d68; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --raised: #1d2127; --text: #e6e9ed; --quiet: #a6afba; --line: #3d4650; --accent: #7fb7ff;
  --critical: #ff8a93; --high: #ffa366; --medium: #e6c34d; --low: #7cc0ee; --info: #a6afba; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .25rem; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; } h3 { font-size: 1.05rem; margin: 1.4rem 0 .3rem; }
p { margin: .35rem 0; } .quiet { color: var(--quiet); } a { color: var(--accent); }
.skip { position: absolute; left: -100vw; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .3rem .6rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.counts { display: flex; flex-wrap: wrap; gap: .6rem; list-style: none; padding: 0; margin: 1rem 0; }
.counts li { border: 1px solid var(--line); border-left-width: .4rem; border-radius: .4rem; padding: .35rem .9rem; background: var(--raised); }
.counts b { font-size: 1.35rem; margin-right: .3rem; }
.counts .critical { border-left-color: var(--critical); } .counts .high { border-left-color: var(--high); } .counts .medium { border-left-color: var(--medium); }
.counts .low { border-left-color: var(--low); } .counts .info { border-left-color: var(--info); }
.badge { display: inline-block; min-width: 5.2rem; text-align: center; border: 1.5px solid currentColor; border-radius: .3rem; padding: 0 .4rem;
  font-size: .82rem; font-weight: 650; line-height: 1.5; margin-right: .5rem; }
.badge.critical { color: var(--critical); } .badge.high { color: var(--high); } .badge.medium { color: var(--medium); } .badge.low { color: var(--low); }
.badge.info { color: var(--info); }
.n { font-family: ui-monospace, monospace; font-size: .92em; }
ol.worst { padding-left: 1.6rem; } ol.worst > li { margin: 1rem 0 1.6rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; content-visibility: auto; contain-intrinsic-size: auto 3rem; }
summary { padding: .5rem .75rem; cursor: pointer; } details[open] > summary { border-bottom: 1px solid var(--line); }
.body { padding: .25rem 1rem .75rem; } .body h4 { margin: .9rem 0 .2rem; font-size: .95rem; } .body ol, .body ul { margin: .2rem 0; padding-left: 1.5rem; }
pre { background: var(--raised); padding: .5rem .75rem; border-radius: .3rem; white-space: pre-wrap; margin: .3rem 0; font: .88rem/1.45 ui-monospace, monospace; }
.filter { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .8rem; margin: .6rem 0; }
.drawing { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; background: var(--raised); }
svg.path { display: block; } svg text { font-family: ui-monospace, monospace; fill: var(--text); }
svg .kind { font-size: 11px; fill: var(--quiet); } svg .name { font-size: 12px; font-weight: 600; } svg .verb { font: 11px system-ui, sans-serif; text-anchor: middle; paint-order: stroke; stroke: var(--raised); stroke-width: 3px; }
svg rect { fill: var(--ground); stroke: var(--quiet); } .source rect { stroke-width: 2; } .target rect { stroke: var(--critical); stroke-width: 2; stroke-dasharray: 7 3; }
svg .step { fill: none; stroke: var(--quiet); stroke-width: 1.5; } svg .head { fill: var(--quiet); }
table { border-collapse: collapse; } th, td { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top; }
body:has(#s-critical:not(:checked)) section.critical, body:has(#s-high:not(:checked)) section.high,
body:has(#s-medium:not(:checked)) section.medium, body:has(#s-low:not(:checked)) section.low, body:has(#s-info:not(:checked)) section.info { display: none; }
@media print { :root { color-scheme: light; --ground: #fff; --raised: #fff; --text: #000; --quiet: #333; --line: #999; }
  .filter, .skip { display: none; } details { content-visibility: visible; break-inside: avoid; } details::details-content { content-visibility: visible; block-size: auto; }
  .drawing { overflow: visible; } svg.path { max-width: 100%; height: auto; } header, main, footer { max-width: none; } }
`;
