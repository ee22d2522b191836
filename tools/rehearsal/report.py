"""Puts the report together: one object, written as JSON and shown as a page."""
from __future__ import annotations

import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.json_object import JsonObject

from . import figures
from .disk_probe import DiskProbe
from .page import render_page
from .samples import Samples
from .timeline import Timeline
from .verdict import reach_verdict

MOST_FAILURES = 50
TIMES = ("at", "asked", "askedByAll", "effective", "drained", "opened")


@dataclass(frozen=True)
class WarmUp:
    samples: Samples
    seconds: float


@dataclass(frozen=True)
class Recording:
    """What was recorded of a rehearsal; its timeline has at least one stage."""

    facts: JsonObject
    judged: Sequence[str]
    warm_up: WarmUp
    samples: Samples
    timeline: Timeline
    points: Sequence[JsonObject]
    instances: int
    probe: DiskProbe | None
    history: Sequence[JsonObject]
    ledger_complete: bool
    # by key, what was promised and what was found
    lost: Mapping[str, str] = field(default_factory=dict)


def build_report(recording: Recording, reason: str | None) -> JsonObject:
    """`reason` says why the migration was not completed."""
    timeline, samples = recording.timeline, recording.samples
    start, end = timeline.start, timeline.stages[-1].end
    stages = figures.stage_figures(timeline.stages, samples, start, recording.probe)
    traffic = traffic_totals(recording)
    return {
        "format": 1,
        "verdict": reach_verdict(stages, traffic, recording.judged, reason),
        "run": {"startedAt": format_time(start), "seconds": figures.rounded(end - start, 1),
                **recording.facts},
        "stages": [warm_up_figures(recording.warm_up), *stages],
        "steps": [with_relative_times(step.json(), start) for step in timeline.steps],
        "history": recording.history,
        "sizes": sizes_of_stages(timeline.sizes, start),
        "traffic": traffic,
        "failures": {"groups": group_failures(samples.failures),
                     "first": [with_relative_times(failure, start)
                               for failure in samples.failures[:MOST_FAILURES]]},
        "events": [with_relative_times(event, start) for event in timeline.events],
        "series": figures.time_series(samples, recording.points, start, end, recording.instances,
                                      recording.probe),
    }


def traffic_totals(recording: Recording) -> JsonObject:
    samples, start = recording.samples, recording.timeline.start
    first = min(samples.failures, key=lambda f: float(f["at"]), default=None)
    text = first and (f"{first['endpoint']}: {first['error']}, "
                      f"{max(0, first['at'] - start):.0f} s after the start, in {first['stage']}")
    return {"requests": len(samples.times) + len(samples.failures),
            "failed": len(samples.failures), "firstFailure": text,
            "notSent": samples.counters["dropped_iterations"],
            "failedChecks": dict(samples.failed_checks),
            "writesUnanswered": samples.counters["writes_unanswered"],
            "ledgerChecked": samples.counters["ledger_checked"],
            "ledgerDifferences": samples.counters["ledger_differences"],
            "ledgerComplete": recording.ledger_complete,
            "lostKeys": dict(itertools.islice(recording.lost.items(), MOST_FAILURES))}


def warm_up_figures(warm_up: WarmUp) -> JsonObject:
    samples = warm_up.samples
    return {"name": "warm-up", "from": None, "to": None, "countsForP99": False, "judged": False,
            "ratio": None, "p99AsScheduledMs": None,
            **figures.request_figures(samples.millis, len(samples.failures), warm_up.seconds)}


def group_failures(failures: Iterable[JsonObject]) -> list[JsonObject]:
    counts = Counter((f["stage"], f["endpoint"], f["error"]) for f in failures)
    return [{"stage": stage, "endpoint": endpoint, "error": error, "count": count}
            for (stage, endpoint, error), count in counts.most_common(MOST_FAILURES)]


def sizes_of_stages(entries: Iterable[JsonObject], start: float) -> list[JsonObject]:
    """With the WAL that was written in each stage."""
    before = None
    found = []
    for entry in entries:
        size = with_relative_times(entry, start)
        size["walBytes"] = size["wal"] - before if before is not None else 0
        before = size.pop("wal")
        found.append(size)
    return found


def with_relative_times(entry: JsonObject, start: float) -> JsonObject:
    """Times as seconds since the start, in the gates of a step too."""

    def relative(name: str, value: Any) -> Any:
        if name == "gates":
            return [with_relative_times(gate, start) for gate in value]
        if name in TIMES and value is not None:
            return round(value - start, 3)
        return round(value, 3) if isinstance(value, float) else value

    return {name: relative(name, value) for name, value in entry.items()}


def format_time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def write_report(report: JsonObject, directory: str) -> list[str]:
    """Gives the paths of the files."""
    paths = [os.path.join(directory, name) for name in ("report.json", "report.html")]
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(report, file, separators=(",", ":"))
        file.write("\n")
    with open(paths[1], "w", encoding="utf-8") as file:
        file.write(render_page(report))
    return paths
