"""Figures, their table, and the files that keep them."""
import glob
import json
import os
import random
import statistics
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = ("what", "ours", "other", "ratio", "goal", "")
DIGITS = {"%": 2, "MiB": 1, "ms": 2, "µs": 1}
# fewer turns say too little about their own spread
ENOUGH = 5


@dataclass
class Figure:
    """Two sides measured in turns; the ratio is the median of the turns' ratios.

    With `worst`, the goal is asked of the worst turn; without a goal the figure is for information.
    """

    what: str
    unit: str
    ours: list
    other: list
    goal: float = None
    upper: bool = False
    worst: bool = False

    def ratios(self):
        if len(self.ours) == len(self.other):
            return [a / b for a, b in zip(self.ours, self.other)]
        return [statistics.median(self.ours) / statistics.median(self.other)]

    def ratio(self):
        return statistics.median(self.ratios())

    def interval(self):
        """95 % of the medians of resampled turns lie within."""
        ratios, dice = self.ratios(), random.Random(1)
        if len(ratios) < ENOUGH:
            return None
        medians = sorted(statistics.median(dice.choices(ratios, k=len(ratios)))
                         for _ in range(4000))
        return medians[100], medians[-101]

    def met(self):
        if self.goal is None:
            return None
        judged = (max if self.upper else min)(self.ratios()) if self.worst else self.ratio()
        return judged <= self.goal if self.upper else judged >= self.goal

    def verdict(self):
        """Within the interval of its own ratio a goal is neither met nor missed."""
        if self.met() is None:
            return ""
        low, high = self.interval() or (self.ratio(), self.ratio())
        unsure = not self.worst and low <= self.goal <= high and low < high
        return ("met" if self.met() else "missed") + (", within the noise" if unsure else "")

    def cells(self):
        ratios, interval = self.ratios(), self.interval()
        spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
        if interval:
            spread += f", 95 %: {interval[0]:.3f} to {interval[1]:.3f}"
        shown = f"{self.ratio():.3f}" if interval else f"{self.ratio():.2f}"
        goal = "" if self.goal is None else f"{'<=' if self.upper else '>='} {self.goal}"
        return (self.what, side(self.ours, self.unit), side(self.other, self.unit),
                shown + spread, goal + (" in every turn" if self.worst and goal else ""),
                self.verdict())

    def json(self):
        return {"what": self.what, "unit": self.unit, "ours": self.ours, "other": self.other,
                "ratio": self.ratio(), "ratios": self.ratios(), "interval": self.interval(),
                "goal": self.goal, "met": self.met(), "cells": self.cells()}


def side(values, unit):
    digits = DIGITS.get(unit, 0)
    return (f"{statistics.median(values):,.{digits}f} {unit}"
            f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})")


def text(figures):
    lines = [HEAD] + [figure.cells() for figure in figures]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip()
                     for line in lines)


def markdown(runs):
    return ("# Measured\n\nEach cell: the median of the turns, and in parentheses the lowest and "
            "the highest; a ratio is the\nmedian of the ratios of each turn, from five turns on "
            "with a 95 % interval (bootstrap).\n" + "".join(section(run) for run in runs))


def section(run):
    rows = [HEAD, ("---",) * len(HEAD)] + [figure["cells"] for figure in run["figures"]]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    notes = "".join(f"\n{note}\n" for note in run["notes"])
    facts = "\n".join(f"- {name}: {value}" for name, value in run["machine"].items())
    figures = f"\n{table}\n" if run["figures"] else ""
    return f"\n## {', '.join(run['parts'])}\n\nBy `{run['command']}`.\n{figures}{notes}\n{facts}\n"


def write(run, cores, add):
    """Writes this run; with `add` beside what the newest results have of other parts."""
    directory = os.path.join(HERE, "results")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"{run['machine']['date'][:10]}-{cores}cores.json")
    before = sorted(glob.glob(os.path.join(directory, f"*-{cores}cores.json")))
    runs = [run]
    if add and before:
        with open(before[-1], encoding="utf-8") as file:
            kept = [old for old in json.load(file).get("runs", [])
                    if not set(old["parts"]) & set(run["parts"])]
        runs = kept + runs
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"runs": runs}, file, indent=2)
        file.write("\n")
    table = os.path.join(HERE, "RESULTS.md")
    with open(table, "w", encoding="utf-8") as file:
        file.write(markdown(runs))
    return path, table
