"""Figures, their table, and the files that keep them."""
import json
import os
import statistics
from dataclasses import dataclass

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEAD = ("what", "ours", "other", "ratio", "goal", "")


@dataclass
class Figure:
    """Two sides measured in turns; the ratio is the median of the turns' ratios."""

    what: str
    unit: str
    ours: list
    other: list
    goal: float
    upper: bool = False

    def ratios(self):
        if len(self.ours) == len(self.other):
            return [a / b for a, b in zip(self.ours, self.other)]
        return [statistics.median(self.ours) / statistics.median(self.other)]

    def ratio(self):
        return statistics.median(self.ratios())

    def met(self):
        return self.ratio() <= self.goal if self.upper else self.ratio() >= self.goal

    def cells(self):
        ratios = self.ratios()
        spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
        return (self.what, side(self.ours, self.unit), side(self.other, self.unit),
                f"{self.ratio():.2f}{spread}", f"{'<=' if self.upper else '>='} {self.goal}",
                "met" if self.met() else "missed")

    def json(self):
        return {"what": self.what, "unit": self.unit, "ours": self.ours, "other": self.other,
                "ratio": self.ratio(), "ratios": self.ratios(), "goal": self.goal,
                "met": self.met()}


def side(values, unit):
    digits = 1 if unit == "MiB" else 0
    return (f"{statistics.median(values):,.{digits}f} {unit}"
            f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})")


def text(figures):
    lines = [HEAD] + [figure.cells() for figure in figures]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip()
                     for line in lines)


def markdown(figures, machine, command):
    rows = [HEAD, ("---",) * len(HEAD)] + [figure.cells() for figure in figures]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    return (f"# Measured\n\nBy `{command}`. Each cell: the median of the turns, and in parentheses "
            "the lowest and the\nhighest; a ratio is the median of the ratios of each turn.\n\n"
            f"{table}\n\n{facts}\n")


def write(figures, machine, command, cores):
    directory = os.path.join(HERE, "results")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"{machine['date'][:10]}-{cores}cores.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"command": command, "machine": machine,
                   "figures": [figure.json() for figure in figures]}, file, indent=2)
        file.write("\n")
    table = os.path.join(HERE, "RESULTS.md")
    with open(table, "w", encoding="utf-8") as file:
        file.write(markdown(figures, machine, command))
    return path, table
