"""The page around a report: one HTML file with its style inside, for light and dark screens and for paper."""

from html import escape

STYLE = """
:root { color-scheme: light dark;
  --paper: #f4f5f7; --card: #ffffff; --ink: #17202c; --soft: #5b6675; --line: #d9dee5; --accent: #1d5fa8;
  --up: #0b6e4f; --up-bg: #ddf3ea; --down: #a8261b; --down-bg: #fbe3e0; --warn: #805500; --warn-bg: #fdf0cf;
  --fw: #c26a00; --heli: #0a7ea4; --sam: #b4237f;
  --deep1: #4e79a7; --deep2: #4f9a45; --deep3: #9c6b53; --deep4: #8e6bb8; --deep5: #3f9a96; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #0f141b; --card: #18202a; --ink: #e8ecf1; --soft: #9aa7b6; --line: #2e3946; --accent: #7db4ee;
  --up: #6fdcb1; --up-bg: #12382c; --down: #ff9a8d; --down-bg: #43201d; --warn: #f2c65c; --warn-bg: #3b2f12;
  --fw: #ffbe28; --heli: #3ce1ff; --sam: #ff6fcb;
  --deep1: #8ab4e0; --deep2: #86cf7c; --deep3: #d3a48c; --deep4: #c3a4ea; --deep5: #7fd3cf; } }
@media print { :root { color-scheme: light;
  --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #000;
  --up: #064; --up-bg: #fff; --down: #900; --down-bg: #fff; --warn: #640; --warn-bg: #fff;
  --fw: #a55a00; --heli: #066a8a; --sam: #9c1c6c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto,
  sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 60px; }
header .brand { color: var(--accent); font-weight: 700; letter-spacing: .06em; text-transform: uppercase;
  font-size: 12px; }
h1 { font-size: 27px; line-height: 1.2; margin: 4px 0 6px; }
h2 { font-size: 20px; margin: 0 0 10px; }
h3 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 6px 0; } .soft { color: var(--soft); } small { font-size: 12px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin:
  18px 0; }
nav { margin: 10px 0 0; } nav a { margin-right: 16px; } a { color: var(--accent); }
ul.answer { list-style: none; padding: 0; margin: 0; }
ul.answer li { padding: 8px 12px; margin: 6px 0; border-left: 4px solid var(--line); background: var(--paper);
  border-radius: 4px; }
ul.answer li.up { border-color: var(--up); } ul.answer li.down { border-color: var(--down); }
ul.answer li.none { border-color: var(--warn); }
ul.answer b { margin-right: 6px; } li.up b { color: var(--up); } li.down b { color: var(--down); }
.scroll { overflow-x: auto; margin: 14px 0 4px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
table.counts { min-width: 100%; }
.counts th, .counts td { padding: 8px 12px; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top;
  white-space: nowrap; }
.counts th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); white-space: normal;
  min-width: 150px; }
.counts thead th { border-bottom: 2px solid var(--line); font-weight: 600; vertical-align: bottom; }
.counts tbody th { font-weight: 400; } .counts tr.root th, .counts tr.root .value { font-weight: 700; }
.counts tr.root > * { border-top: 1px solid var(--soft); }
.counts td > * { display: block; } .counts .value { font-size: 16px; } tr:not(.root) .value { font-size: 14px; }
.counts .interval { color: var(--soft); font-size: 12px; line-height: 1.35; }
.counts td.unseen { text-align: center; vertical-align: middle; color: var(--soft); background:
  repeating-linear-gradient(135deg, transparent 0 7px, var(--line) 7px 8px); }
.counts td.unseen span { display: inline-block; background: var(--card); padding: 2px 8px; border-radius: 4px; }
.change { font-size: 12px; margin-top: 4px; color: var(--soft); }
.change.up, .change.down { display: inline-block; font-weight: 600; padding: 1px 7px; border-radius: 9px; }
.change.up { color: var(--up); background: var(--up-bg); } .change.down { color: var(--down); background:
  var(--down-bg); }
.change.none { color: var(--warn); }
.change i { font-style: normal; display: block; font-weight: 400; }
.bar { display: block; height: 4px; background: var(--line); border-radius: 2px; margin-top: 4px; min-width: 64px; }
.bar i { display: block; height: 4px; background: var(--accent); border-radius: 2px; }
.tag { display: inline-block; font-size: 11px; font-weight: 600; padding: 0 7px; border-radius: 9px; color:
  var(--warn);
  background: var(--warn-bg); border: 1px solid currentColor; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 7px; background:
  var(--root); }
.root-fw { --root: var(--fw); } .root-heli { --root: var(--heli); } .root-ad-launcher { --root: var(--sam); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 14px;
  margin-top: 16px; }
.charts svg { width: 100%; height: auto; max-width: 640px; } .charts svg text { font-family: inherit !important; }
.scenes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 18px; }
figure { margin: 0; break-inside: avoid; } figure img { width: 100%; height: auto; border-radius: 6px; display: block;
  border: 1px solid var(--line); }
figcaption { font-size: 13px; color: var(--soft); margin-top: 6px; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); }
.facts th { text-align: left; font-weight: 600; padding: 4px 18px 4px 0; vertical-align: top; white-space: nowrap; }
.facts td { padding: 4px 0; overflow-wrap: anywhere; }
.limits li { margin: 5px 0; } .ethics { border-left: 4px solid var(--accent); }
@media print { main { max-width: none; padding: 0; } section { border: 0; padding: 8px 0; } nav { display: none; }
  .scroll { overflow: visible; } .counts th, .counts td { padding: 4px 6px; font-size: 11px; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } .charts { grid-template-columns: 1fr 1fr; } .charts svg {
  break-inside: avoid; } }
"""


def page(title: str, body: str) -> str:
    """A complete HTML document; nothing in it points outside of the file but links to files beside it."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def facts(rows: list[tuple[str, str]]) -> str:
    """A table of names and values, both plain text."""
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<div class="scroll"><table class="facts">{lines}</table></div>'
