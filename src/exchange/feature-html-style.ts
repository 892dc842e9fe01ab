/** Steps of the scale tokens are tinted with. */
export const TINT_STEPS = 20;

const tints = Array.from(
  { length: TINT_STEPS },
  (_, i) =>
    `.t${i + 1}{background:color-mix(in oklab,var(--tint) ${(8 + (92 * (i + 1)) / TINT_STEPS).toFixed(1)}%,var(--surface))}`,
).join('\n');

/** Of a page that has no other file; colours are those of `views/theme.css`. */
export const FEATURE_STYLE = `
:root{color-scheme:light dark;--page:#f6f7f8;--surface:#fff;--ink:#15181c;--quiet:#555d68;--line:#d8dce1;--tint:#19b394;--mark:#0c8a70;--plus:#1f6fc4;--minus:#b04c0b;--accent:#2a5bd7}
@media(prefers-color-scheme:dark){:root{--page:#0f1215;--surface:#171b20;--ink:#e9ecef;--quiet:#a2abb6;--line:#2e353d;--tint:#0b7763;--mark:#2cc3a4;--plus:#6fb0f5;--minus:#f09458;--accent:#86aaff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:20px;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0}h2{font-size:1rem;margin:0 0 8px}h3{font-size:.8125rem;margin:12px 0 4px;color:var(--quiet)}
section{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:12px 16px;margin:12px 0}
p{margin:4px 0}a{color:var(--accent)}.quiet,small{color:var(--quiet);font-size:.8125rem}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 24px}
table{border-collapse:collapse;width:100%}td,th{padding:2px 8px 2px 0;text-align:left;vertical-align:baseline;font-weight:400}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.plus{color:var(--plus)}.minus{color:var(--minus)}
ol{list-style:none;margin:0;padding:0}li{display:flex;gap:12px;padding:6px 0;border-top:1px solid var(--line)}li>b{flex:0 0 4.5rem;font-weight:600;font-variant-numeric:tabular-nums}
.text{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.875rem;white-space:pre-wrap;margin:0;min-width:0}
.text b{font-weight:700;text-decoration:underline;text-underline-offset:3px}
svg{display:block;width:100%;max-width:36rem;height:auto;color:var(--ink)}svg rect{fill:var(--mark)}svg text{fill:var(--quiet);font:11px system-ui,sans-serif}
.own{white-space:pre-wrap}
${tints}`;
