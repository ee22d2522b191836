"""Charts as SVG: one time axis, the stages as bands, every step as a line."""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from harness.json_object import JsonObject

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1000, 64, 12, 22, 20
TICK_SECONDS = (10, 20, 30, 60, 120, 300, 600, 1200, 3600)
MOST_TICKS = 14


class Line(NamedTuple):
    """Each value stands at the middle of its bucket; None leaves a gap."""

    name: str
    css_class: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class TimeAxis:
    """The time that all charts of a page share, in seconds since the start."""

    end: float
    bucket_seconds: float
    stages: Sequence[JsonObject]
    steps: Sequence[JsonObject]

    def x(self, second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1, max(0, second / self.end))


class ValueAxis:
    """Values to pixels; a linear axis begins at zero."""

    def __init__(self, top: float, height: int, log: bool = False, bottom: float = 1.0) -> None:
        self._height, self._log = height, log
        if log:
            self.low = math.floor(math.log10(bottom))
            self.high: float = max(math.ceil(math.log10(top)), self.low + 1)
            self.ticks = [m * 10.0**e for e in range(self.low, int(self.high) + 1)
                          for m in (1, 2, 5) if m * 10.0**e <= 10.0**self.high]
        else:
            step = round_up(top / 4)
            self.low = 0
            self.high = step * max(1, math.ceil(top / step))
            self.ticks = [step * i for i in range(round(self.high / step) + 1)]

    def y(self, value: float) -> float:
        if self._log:
            share = (math.log10(max(value, 10.0**self.low)) - self.low) / (self.high - self.low)
        else:
            share = value / self.high
        return TOP + self._height * (1 - min(1, max(0, share)))


@dataclass(frozen=True)
class Chart:
    title: str
    unit: str
    lines: Sequence[Line]
    height: int = 150
    log: bool = False
    limit: float | None = None

    @property
    def total_height(self) -> int:
        return TOP + self.height + BOTTOM

    def render(self, time: TimeAxis) -> str:
        """The content of an SVG element of WIDTH and of the total height."""
        axis = self._value_axis()
        parts = [*_stage_bands(time, self.height), *_grid(axis, time, self.height),
                 *_step_marks(time, self.height)]
        if self.limit:
            y = axis.y(self.limit)
            parts.append(f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts += [f'<path class="line {line.css_class}" d="{_path(line.values, axis, time)}"/>'
                  for line in self.lines]
        return "".join(parts)

    def unit_text(self) -> str:
        return f"{self.unit}{' (logarithmic)' if self.log else ''}"

    def legend(self) -> list[tuple[str, str]]:
        """Classes and names."""
        found = [(line.css_class, line.name) for line in self.lines]
        if self.limit:
            found.append(("limit", "1.5 times the baseline's p99"))
        return found

    def _value_axis(self) -> ValueAxis:
        values = [v for line in self.lines for v in line.values if v is not None]
        if self.limit:
            values.append(self.limit)
        if self.log:
            positive = [v for v in values if v > 0] or [1]
            return ValueAxis(max(positive), self.height, True, min(positive))
        return ValueAxis(max(values, default=0) or 1, self.height)


def render_figure(chart: Chart, time: TimeAxis) -> str:
    """A chart with its caption, as HTML."""
    legend = "".join(f'<span class="key {css_class}">{escape(name, quote=False)}</span>'
                     for css_class, name in chart.legend())
    return (f'<figure><figcaption><b>{escape(chart.title)}</b>, {escape(chart.unit_text())} '
            f'{legend}</figcaption><svg viewBox="0 0 {WIDTH} {chart.total_height}" role="img" '
            f'aria-label="{escape(chart.title)}">{chart.render(time)}</svg></figure>')


def round_up(value: float) -> float:
    """The next number of the form 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value)


def format_tick(value: float) -> str:
    for limit, divisor, sign in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= limit:
            return f"{value / divisor:g}{sign}"
    return f"{value:g}"


def format_clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _path(values: Sequence[float | None], axis: ValueAxis, time: TimeAxis) -> str:
    parts, pen = [], "M"
    for i, value in enumerate(values):
        middle = (i + 0.5) * time.bucket_seconds
        if middle > time.end:
            break
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{time.x(middle):.1f} {axis.y(value):.1f}")
        if pen == "M" and (i + 1 == len(values) or values[i + 1] is None):
            # a value between two gaps is a short line
            parts.append("h1")
        pen = "L"
    return "".join(parts)


def _stage_bands(time: TimeAxis, height: int) -> Iterator[str]:
    for stage in time.stages:
        left, right = time.x(stage["from"]), time.x(stage["to"])
        css_class = "band odd" if stage["number"] % 2 else "band"
        yield (f'<rect class="{css_class}" x="{left:.1f}" y="{TOP}" '
               f'width="{max(0, right - left):.1f}" height="{height}">'
               f'<title>{stage["number"]} {escape(stage["name"])}</title></rect>')
        if right - left > 14:
            yield (f'<text class="number" x="{(left + right) / 2:.1f}" y="{TOP + height - 4}">'
                   f'{stage["number"]}</text>')


def _grid(axis: ValueAxis, time: TimeAxis, height: int) -> Iterator[str]:
    for tick in axis.ticks:
        y = axis.y(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}">{format_tick(tick)}</text>'
    step = next((s for s in TICK_SECONDS if time.end / s <= MOST_TICKS), 7200)
    for second in range(0, int(time.end) + 1, step):
        yield (f'<text class="time" x="{time.x(second):.1f}" y="{TOP + height + 14}">'
               f'{format_clock(second)}</text>')


def _step_marks(time: TimeAxis, height: int) -> Iterator[str]:
    free = 0.0
    for step in time.steps:
        if step["effective"] is None:
            continue
        here = time.x(step["effective"])
        text = step["step"].replace(" -> ", "→")
        yield (f'<path class="step" d="M{here:.1f} {TOP - 4}V{TOP + height}">'
               f'<title>step {escape(text)} at {format_clock(step["effective"])}</title></path>')
        if here >= free:
            yield f'<text class="mark" x="{here:.1f}" y="{TOP - 8}">{escape(text)}</text>'
            free = here + 28
