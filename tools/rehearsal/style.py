"""Colours for light and dark; they differ in brightness too."""

COLOURS = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2127;--soft:#5b6570;--rule:#d9dee3;--band:#f3f5f7;
--a:#1f6fb4;--b:#c77700;--c:#c22f3d;--d:#9aa3ad;--good:#17703a;--goodbg:#e4f4ea;--bad:#a11c2b;
--badbg:#fbe7e9}
@media(prefers-color-scheme:dark){:root{--bg:#14181c;--fg:#e4e8ec;--soft:#98a3ae;--rule:#333b43;
--band:#1c2228;--a:#5aa9e6;--b:#f0a944;--c:#ff7480;--d:#6c7782;--good:#7fd8a0;--goodbg:#15301f;
--bad:#ff9aa4;--badbg:#3a181c}}
"""
CHART_STYLE = """
svg text{font-size:11px;fill:var(--soft)}
.tick{text-anchor:end}.time,.number,.mark{text-anchor:middle}
svg .number{font-size:9px}svg .mark{fill:var(--fg);font-weight:600}
.band{fill:none;pointer-events:all}.band.odd{fill:var(--band)}
.grid{stroke:var(--rule);stroke-width:.5}.step{stroke:var(--fg);stroke-dasharray:3 3;opacity:.6}
.line{fill:none;stroke-width:1.5;stroke-linejoin:round}
.line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.c{stroke:var(--c)}
.line.d{stroke:var(--d);stroke-width:1}
path.limit{stroke:var(--c);stroke-dasharray:7 4;fill:none}
"""
PAGE_STYLE = COLOURS + CHART_STYLE + """
body{background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif;margin:0}
main{max-width:1040px;margin:0 auto;padding:16px}
h1{font-size:22px}h2{font-size:18px;margin:28px 0 8px}
.verdict{font-size:17px;padding:12px 14px;border-left:5px solid;border-radius:3px}
.verdict.yes{color:var(--good);background:var(--goodbg)}
.verdict.no{color:var(--bad);background:var(--badbg)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:3px 8px;border-bottom:1px solid var(--rule);text-align:right;vertical-align:top}
th:first-child,td:first-child,.text th,.text td{text-align:left}
th{color:var(--soft);font-weight:600}tr.bad td{color:var(--bad)}tr.faint td{color:var(--soft)}
details{margin:12px 0}summary{cursor:pointer}.note{color:var(--soft);font-size:13px}
figure{margin:14px 0}figcaption{font-size:13px}svg{width:100%;height:auto;display:block}
.key{margin-left:12px;white-space:nowrap}
.key::before{content:"";display:inline-block;width:14px;height:3px;margin-right:5px;
vertical-align:middle;background:var(--d)}
.key.a::before{background:var(--a)}.key.b::before{background:var(--b)}
.key.c::before{background:var(--c)}
.key.limit::before{background:none;border-top:2px dashed var(--c);height:0}
"""
