"""The table of a run's figures, and the files that keep them."""
from __future__ import annotations

import glob
import json
import os
import shlex
from collections.abc import Sequence

from harness.json_object import JsonObject

from . import pace_plot
from .figure import Figure

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
HEAD = ("what", "ours", "other", "ratio", "goal", "")


def format_table(figures: Sequence[Figure]) -> str:
    lines = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip()
                     for line in lines)


def command_line(words: Sequence[str]) -> str:
    """How the run is repeated elsewhere: of a path of this machine the last part is enough."""
    return shlex.join(["tools/bench/run.sh",
                       *(os.path.basename(word) if os.path.isabs(word) else word
                         for word in words)])


def write_results(run: JsonObject, cores: int, add: bool) -> tuple[str, ...]:
    """Writes this run; with `add` beside what the newest results have of other parts.

    Gives the files: the results, their table and, of part pace, the plot.
    """
    directory = os.path.join(DIRECTORY, "results")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"{run['machine']['date'][:10]}-{cores}cores.json")
    before = sorted(glob.glob(os.path.join(directory, f"*-{cores}cores.json")))
    runs = [run]
    if add and before:
        with open(before[-1], encoding="utf-8") as file:
            runs = [*without_measured(json.load(file).get("runs", []), run), run]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"runs": runs}, file, indent=2)
        file.write("\n")
    table = os.path.join(DIRECTORY, "RESULTS.md")
    with open(table, "w", encoding="utf-8") as file:
        file.write(_format_markdown(runs))
    return (path, table, *pace_plot.write_plot(runs))


def without_measured(runs: Sequence[JsonObject], run: JsonObject) -> list[JsonObject]:
    """Earlier runs without what this one has measured again."""
    measured = {figure["what"] for figure in run["figures"]}
    left = [{**old, "parts": [part for part in old["parts"] if part not in run["parts"]],
             "figures": [figure for figure in old["figures"]
                         if figure.get("part") not in run["parts"]
                         and figure["what"] not in measured]}
            if set(old["parts"]) & set(run["parts"]) else old for old in runs]
    return [old for old in left if old["parts"]]


def _format_markdown(runs: Sequence[JsonObject]) -> str:
    return ("# Measured\n\nEach cell: the median of the turns, and in parentheses the lowest and "
            "the highest; a ratio is the\nmedian of the ratios of each turn, from five turns on "
            "with a 95 % interval (bootstrap).\n" + "".join(_format_run(run) for run in runs))


def _format_run(run: JsonObject) -> str:
    rows = [HEAD, ("---",) * len(HEAD), *(figure["cells"] for figure in run["figures"])]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    notes = "".join(f"\n{note}\n" for note in run["notes"])
    facts = "\n".join(f"- {name}: {value}" for name, value in run["machine"].items())
    figures = f"\n{table}\n" if run["figures"] else ""
    return f"\n## {', '.join(run['parts'])}\n\nBy `{run['command']}`.\n{figures}{notes}\n{facts}\n"
