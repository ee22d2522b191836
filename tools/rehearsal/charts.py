"""Charts as inline SVG: one time axis, the stages as bands, every step as a line."""
import math
from html import escape

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1000, 64, 12, 22, 20


class Axis:
    """Values to pixels; a linear axis begins at zero."""

    def __init__(self, top, height, log=False, bottom=1.0):
        self.height, self.log = height, log
        if log:
            self.low, self.high = math.floor(math.log10(bottom)), math.ceil(math.log10(top))
            self.high = max(self.high, self.low + 1)
            self.ticks = [m * 10.0**e for e in range(self.low, self.high + 1) for m in (1, 2, 5)
                          if m * 10.0**e <= 10.0**self.high]
        else:
            step = nice(top / 4)
            self.high = step * max(1, math.ceil(top / step))
            self.ticks = [step * i for i in range(round(self.high / step) + 1)]

    def y(self, value):
        if self.log:
            share = (math.log10(max(value, 10.0**self.low)) - self.low) / (self.high - self.low)
        else:
            share = value / self.high
        return TOP + self.height * (1 - min(1, max(0, share)))


def nice(value):
    if value <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value)


def label(value):
    for limit, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / {'G': 1e9, 'M': 1e6, 'k': 1e3}[sign]:g}{sign}"
    return f"{value:g}"


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def chart(title, unit, lines, time, height=150, log=False, limit=None):
    """`lines`: (name, class, values), each value at the middle of its bucket; None leaves a gap."""
    values = [v for _, _, vs in lines for v in vs if v is not None] + ([limit] if limit else [])
    if log:
        positive = [v for v in values if v > 0] or [1]
        axis = Axis(max(positive), height, True, min(positive))
    else:
        axis = Axis(max(values, default=0) or 1, height)
    parts = [*bands(time, height), *grid(axis, time, height), *marks(time, height)]
    if limit:
        y = axis.y(limit)
        parts.append(f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
    parts += [f'<path class="line {cls}" d="{path(vs, axis, time)}"/>' for _, cls, vs in lines]
    legend = "".join(f'<span class="key {cls}">{escape(name)}</span>' for name, cls, _ in lines)
    if limit:
        legend += '<span class="key limit">1.5 times the baseline\'s p99</span>'
    total = TOP + height + BOTTOM
    return (f'<figure><figcaption><b>{escape(title)}</b>, {escape(unit)}'
            f'{" (logarithmic)" if log else ""} {legend}</figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {total}" role="img" aria-label="{escape(title)}">'
            f'{"".join(parts)}</svg></figure>')


def x(second, time):
    return LEFT + (WIDTH - LEFT - RIGHT) * min(1, max(0, second / time["end"]))


def path(values, axis, time):
    parts, pen = [], "M"
    for i, value in enumerate(values):
        if (i + 0.5) * time["width"] > time["end"]:
            break
        if value is None:
            pen = "M"
            continue
        middle = (i + 0.5) * time["width"]
        here = f"{x(middle, time):.1f} {axis.y(value):.1f}"
        parts.append(pen + here)
        if pen == "M" and (i + 1 == len(values) or values[i + 1] is None):
            parts.append("h1")
        pen = "L"
    return "".join(parts)


def bands(time, height):
    for stage in time["stages"]:
        left, right = x(stage["from"], time), x(stage["to"], time)
        cls = "band odd" if stage["number"] % 2 else "band"
        yield (f'<rect class="{cls}" x="{left:.1f}" y="{TOP}" width="{max(0, right - left):.1f}" '
               f'height="{height}"><title>{stage["number"]} {escape(stage["name"])}</title></rect>')
        if right - left > 14:
            yield (f'<text class="number" x="{(left + right) / 2:.1f}" y="{TOP + height - 4}">'
                   f'{stage["number"]}</text>')


def grid(axis, time, height):
    for tick in axis.ticks:
        y = axis.y(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}">{label(tick)}</text>'
    step = next((s for s in (10, 20, 30, 60, 120, 300, 600, 1200, 3600)
                 if time["end"] / s <= 14), 7200)
    for second in range(0, int(time["end"]) + 1, step):
        yield (f'<text class="time" x="{x(second, time):.1f}" y="{TOP + height + 14}">'
               f'{clock(second)}</text>')


def marks(time, height):
    free = 0
    for step in time["steps"]:
        if step["effective"] is None:
            continue
        here = x(step["effective"], time)
        text = step["step"].replace(" -> ", "→")
        yield (f'<path class="step" d="M{here:.1f} {TOP - 4}V{TOP + height}">'
               f'<title>step {escape(text)} at {clock(step["effective"])}</title></path>')
        if here >= free:
            yield f'<text class="mark" x="{here:.1f}" y="{TOP - 8}">{escape(text)}</text>'
            free = here + 28
