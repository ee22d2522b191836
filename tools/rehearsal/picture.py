"""A report as one picture: its verdict and the charts of latency, runs and disk."""
from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape

from harness.json_object import JsonObject

from .charts import WIDTH, Chart, TimeAxis
from .report_charts import disk_chart, latency_chart, runs_chart, time_axis
from .style import CHART_STYLE, COLOURS

MARGIN = 12
LINE_HEIGHT = 20
CAPTION_HEIGHT = 26
# of a character of the verdict, so that its lines fit into the width
CHARACTER_WIDTH = 7.6
PICTURE_STYLE = """
svg{font-family:system-ui,sans-serif}
.paper{fill:var(--bg)}.verdict rect{fill:var(--goodbg)}.verdict.no rect{fill:var(--badbg)}
.verdict text{font-size:15px;fill:var(--good)}.verdict.no text{fill:var(--bad)}
.caption{font-size:14px;font-weight:600;fill:var(--fg)}
.caption .unit{font-weight:400;fill:var(--soft)}.legend{font-size:13px}
"""


def render_picture(report: JsonObject) -> str:
    """An SVG file of its own; its colours follow the reader's preference."""
    time = time_axis(report)
    charts = [latency_chart(report, time), runs_chart(report, time), disk_chart(report, time)]
    parts, y = _render_verdict(report["verdict"])
    for chart in filter(None, charts):
        parts += _render_chart(chart, time, y)
        y += CAPTION_HEIGHT + chart.total_height
    height = y + MARGIN
    sentence = escape(report["verdict"]["sentence"])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{sentence}">\n'
            f"<style>{COLOURS}{CHART_STYLE}{PICTURE_STYLE}</style>\n"
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def _render_verdict(verdict: JsonObject) -> tuple[list[str], int]:
    """The sentence in a box; also the y below it."""
    lines = textwrap.wrap(verdict["sentence"], int((WIDTH - 4 * MARGIN) / CHARACTER_WIDTH))
    mood = "yes" if verdict["zeroDowntime"] else "no"
    height = LINE_HEIGHT * len(lines) + MARGIN
    text = "".join(f'<text x="{2 * MARGIN}" y="{MARGIN + LINE_HEIGHT * (i + 1)}">'
                   f"{escape(line, quote=False)}</text>" for i, line in enumerate(lines))
    box = f'<rect x="{MARGIN}" y="{MARGIN}" width="{WIDTH - 2 * MARGIN}" height="{height}"/>'
    return [f'<g class="verdict {mood}">{box}{text}</g>'], height + 2 * MARGIN


def _render_chart(chart: Chart, time: TimeAxis, y: int) -> Iterator[str]:
    yield (f'<text class="caption" x="{MARGIN}" y="{y + 16}">{escape(chart.title)}'
           f'<tspan class="unit">, {escape(chart.unit_text())}</tspan></text>')
    x = WIDTH - MARGIN
    for css_class, name in reversed(chart.legend()):
        x -= int(len(name) * 6.8) + 40
        line_class = css_class if css_class == "limit" else f"line {css_class}"
        yield (f'<path class="{line_class}" d="M{x} {y + 12}h16"/>'
               f'<text class="legend" x="{x + 21}" y="{y + 16}">{escape(name, quote=False)}</text>')
    yield f'<g transform="translate(0 {y + CAPTION_HEIGHT})">{chart.render(time)}</g>'
