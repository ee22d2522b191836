"""Two sides measured in turns, their ratio, and the goal that the ratio is judged by."""
from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.json_object import JsonObject

DIGITS = {"%": 2, "MiB": 1, "ms": 2, "µs": 1}
# fewer turns say too little about their own spread
TURNS_FOR_INTERVAL = 5


@dataclass(frozen=True)
class Figure:
    """The ratio is the median of the turns' ratios.

    With `worst`, the goal is asked of the worst turn; without a goal the figure is for information.
    """

    what: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float]
    goal: float | None = None
    upper: bool = False
    worst: bool = False

    def ratios(self) -> list[float]:
        if len(self.ours) == len(self.other):
            return [a / b for a, b in zip(self.ours, self.other)]
        return [statistics.median(self.ours) / statistics.median(self.other)]

    def ratio(self) -> float:
        return statistics.median(self.ratios())

    def interval(self) -> tuple[float, float] | None:
        """95 % of the medians of resampled turns lie within."""
        ratios, generator = self.ratios(), random.Random(1)
        if len(ratios) < TURNS_FOR_INTERVAL:
            return None
        medians = sorted(statistics.median(generator.choices(ratios, k=len(ratios)))
                         for _ in range(4000))
        return medians[100], medians[-101]

    def met(self) -> bool | None:
        if self.goal is None:
            return None
        judged = (max if self.upper else min)(self.ratios()) if self.worst else self.ratio()
        return judged <= self.goal if self.upper else judged >= self.goal

    def verdict(self) -> str:
        """A goal within the interval of the ratio is met or missed within the noise."""
        if self.goal is None:
            return ""
        low, high = self.interval() or (self.ratio(), self.ratio())
        unsure = not self.worst and low <= self.goal <= high and low < high
        return ("met" if self.met() else "missed") + (", within the noise" if unsure else "")

    def cells(self) -> tuple[str, ...]:
        """The figure as a row of the table."""
        ratios, interval = self.ratios(), self.interval()
        spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
        if interval:
            spread += f", 95 %: {interval[0]:.3f} to {interval[1]:.3f}"
        ratio = f"{self.ratio():.3f}" if interval else f"{self.ratio():.2f}"
        goal = "" if self.goal is None else f"{'<=' if self.upper else '>='} {self.goal}"
        return (self.what, _format_side(self.ours, self.unit), _format_side(self.other, self.unit),
                ratio + spread, goal + (" in every turn" if self.worst and goal else ""),
                self.verdict())

    def json(self) -> JsonObject:
        return {"what": self.what, "unit": self.unit, "ours": self.ours, "other": self.other,
                "ratio": self.ratio(), "ratios": self.ratios(), "interval": self.interval(),
                "goal": self.goal, "met": self.met(), "cells": self.cells()}


def _format_side(values: Sequence[float], unit: str) -> str:
    digits = DIGITS.get(unit, 0)
    return (f"{statistics.median(values):,.{digits}f} {unit}"
            f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})")
