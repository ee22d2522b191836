"""The figures of part pace as one plot: what a backfill costs the requests, what it keeps."""
from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from harness.json_object import JsonObject

from .backfills import FIXED_DELAY, FIXED_SIZE
from .figure import Figure

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(DIRECTORY, "..", "..", "docs", "images", "pace.svg")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 440, 70, 24, 96, 58
FIXED = f"batches of {FIXED_SIZE:,} with {FIXED_DELAY * 1000:.0f} ms between"
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  fill: #59636e; }
.name { font-weight: 600; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; fill: #1f2328; }
.mid { text-anchor: middle; }
.end { text-anchor: end; }
.page { fill: #ffffff; }
.grid { stroke: #d1d9e0; stroke-width: .5; fill: none; }
.goal { stroke: #1a7f37; stroke-width: 1.5; stroke-dasharray: 6 4; fill: none; }
.met { fill: #1a7f37; fill-opacity: .1; }
.good { fill: #1a7f37; }
.adaptive { fill: #0969da; stroke: #0969da; }
.fixed { fill: #bc4c00; stroke: #bc4c00; }
.turn { fill-opacity: .35; stroke: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; }
  .name, .title { fill: #f0f6fc; }
  .page { fill: #0d1117; }
  .grid { stroke: #3d444d; }
  .goal { stroke: #3fb950; }
  .met, .good { fill: #3fb950; }
  .adaptive { fill: #4493f8; stroke: #4493f8; }
  .fixed { fill: #f0883e; stroke: #f0883e; }
}
"""


@dataclass(frozen=True)
class Pace:
    """One way to fill the column: what it kept of the free rate, and p99 beside it / without."""

    name: str
    css_class: str
    kept: Figure
    slower: Figure

    def point(self) -> tuple[float, float]:
        return self.kept.ratio(), self.slower.ratio()

    def turns(self) -> list[tuple[float, float]]:
        return list(zip(self.kept.ratios(), self.slower.ratios()))

    def text(self) -> str:
        kept, slower = self.point()
        return f"p99 {slower:.2f} times, {kept:.0%} of the free rate"


@dataclass(frozen=True)
class Axes:
    """Shares and ratios to pixels."""

    most_kept: float
    most_slower: float
    least_slower: float

    def x(self, kept: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * kept / self.most_kept

    def y(self, slower: float) -> float:
        height = HEIGHT - TOP - BOTTOM
        part = (slower - self.least_slower) / (self.most_slower - self.least_slower)
        return TOP + height * (1 - part)


def write_plot(runs: Sequence[JsonObject], path: str = FILE) -> list[str]:
    """Draws the newest run of part pace; gives the file, or nothing if there is no such run."""
    for run in reversed(runs):
        paces = read_paces(run["figures"])
        if paces:
            with open(path, "w", encoding="utf-8") as file:
                file.write(draw(paces, describe(run)))
            return [os.path.normpath(path)]
    return []


def read_paces(figures: Sequence[JsonObject]) -> list[Pace]:
    """The default pace and the fixed one, of the figures that `compare_sides` makes."""
    slower = find(figures, "ms", "default pace / without")
    fixed_slower = find(figures, "ms", "fixed batches")
    kept = find(figures, "rows/s", "/ without requests")
    beside_fixed = find(figures, "rows/s", "/ fixed batches")
    if not slower or not fixed_slower or not kept or not beside_fixed:
        return []
    fixed_kept = Figure("", "rows/s", beside_fixed.other, kept.other)
    return [Pace("the default pace", "adaptive", kept, slower),
            Pace(FIXED, "fixed", fixed_kept, fixed_slower)]


def find(figures: Sequence[JsonObject], unit: str, words: str) -> Figure | None:
    """The one whose text says that it is about half load and has these words."""
    for each in figures:
        if each["unit"] == unit and "at half load" in each["what"] and words in each["what"]:
            return Figure(each["what"], unit, each["ours"], each["other"], each["goal"])
    return None


def describe(run: JsonObject) -> str:
    machine = run["machine"]
    turns = max(len(figure["ours"]) for figure in run["figures"] if "half load" in figure["what"])
    return (f"{machine['date'][:10]}, {machine['CPU']}, requests and backfill on one machine; "
            f"{turns} turn{'s' if turns > 1 else ''}")


def draw(paces: Sequence[Pace], conditions: str) -> str:
    adaptive = paces[0]
    least_kept, most_slower = adaptive.kept.goal or 0.3, adaptive.slower.goal or 1.2
    points = [point for pace in paces for point in [pace.point(), *pace.turns()]]
    axes = Axes(max(0.4, ceil_to(max(kept for kept, _ in points) + 0.05, 0.1)),
                max(2.0, ceil_to(max(slower for _, slower in points) + 0.1, 0.2)),
                min(0.8, math.floor(min(slower for _, slower in points) * 5) / 5))
    title = "p99 of requests at half load beside a backfill, and what the backfill keeps"
    said = "; ".join(f"{pace.name}: {pace.text()}" for pace in paces)
    goals = f"the goals are at most {most_slower:g} times and at least {least_kept:.0%}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(f"{said}; {goals}.")}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="title" x="14" y="24">{escape(title)}</text>',
        f'<text x="14" y="43">{escape(conditions)}</text>',
        *draw_legend(paces), *draw_grid(axes), *draw_goals(axes, least_kept, most_slower),
        *(mark for pace in paces for mark in draw_pace(axes, pace)),
        "</svg>", ""])


def draw_legend(paces: Sequence[Pace]) -> list[str]:
    lines = []
    for i, pace in enumerate(paces):
        y = 64 + 18 * i
        lines.append(f'<circle class="{pace.css_class}" cx="20" cy="{y - 4}" r="5"/>'
                     f'<text x="34" y="{y}"><tspan class="name">{escape(pace.name)}</tspan>: '
                     f"{escape(pace.text())}</text>")
    return lines


def draw_grid(axes: Axes) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = []
    for tick in ticks(0, axes.most_kept, 0.1):
        x = axes.x(tick)
        lines.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>'
                     f'<text class="mid" x="{x:.1f}" y="{bottom + 18}">{tick:.0%}</text>')
    for tick in ticks(axes.least_slower, axes.most_slower, 0.2):
        y = axes.y(tick)
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
                     f'<text class="end" x="{LEFT - 8}" y="{y + 4:.1f}">{tick:.1f}</text>')
    middle = (TOP + bottom) / 2
    return [*lines,
            f'<text class="mid" x="{(LEFT + right) / 2}" y="{HEIGHT - 14}">'
            "rows a second: share of what the backfill makes without requests</text>",
            f'<text class="mid" transform="rotate(-90 20 {middle})" x="20" y="{middle}">'
            "p99 with the backfill / without</text>"]


def draw_goals(axes: Axes, least_kept: float, most_slower: float) -> list[str]:
    x, y = axes.x(least_kept), axes.y(most_slower)
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    return [f'<rect class="met" x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" '
            f'height="{bottom - y:.1f}"/>',
            f'<path class="goal" d="M{LEFT} {y:.1f}H{right}"/>',
            f'<path class="goal" d="M{x:.1f} {TOP}V{bottom}"/>',
            f'<text class="good" x="{LEFT + 8}" y="{y - 6:.1f}">at most {most_slower:g}</text>',
            f'<text class="good" x="{x + 6:.1f}" y="{TOP + 14}">at least {least_kept:.0%}</text>',
            f'<text class="good end" x="{right - 8}" y="{bottom - 10}">both goals are met</text>']


def draw_pace(axes: Axes, pace: Pace) -> list[str]:
    """A faint dot for each turn, and a large one for the median."""
    turns = pace.turns() if len(pace.turns()) > 1 else []
    return [*(draw_dot(axes, f"{pace.css_class} turn", turn, 4) for turn in turns),
            draw_dot(axes, pace.css_class, pace.point(), 7)]


def draw_dot(axes: Axes, css_class: str, point: tuple[float, float], radius: int) -> str:
    kept, slower = point
    return (f'<circle class="{css_class}" cx="{axes.x(kept):.1f}" cy="{axes.y(slower):.1f}" '
            f'r="{radius}"/>')


def ticks(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(round(low / step, 6))
    return [i * step for i in range(first, math.floor(round(high / step, 6)) + 1)]


def ceil_to(value: float, step: float) -> float:
    return math.ceil(round(value / step, 6)) * step
