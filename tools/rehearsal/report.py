"""Puts the report together: one dictionary, written as JSON and shown as a page."""
import json
import os
import time
from collections import Counter

from . import figures, verdict
from .page import page

KEPT_FAILURES = 50


def gather(options, run, reason):
    """`run` has what was recorded; any part of it may be missing when the run broke off."""
    timeline, samples = run.timeline, run.traffic.samples
    start, end = timeline.start, timeline.stages[-1]["to"]
    stages = figures.stages(timeline.stages, samples, start, run.disk)
    traffic = totals(samples, run, start)
    warm = warm_up(run)
    report = {
        "format": 1,
        "verdict": verdict.verdict(stages, traffic, options.judge, reason),
        "run": {"startedAt": stamp(start), "seconds": figures.rounded(end - start, 1),
                **run.facts},
        "stages": ([warm] if warm else []) + stages,
        "steps": [relative(step.json(), start) for step in timeline.steps],
        "history": run.history,
        "sizes": sizes(timeline.sizes, start),
        "traffic": traffic,
        "failures": {"groups": groups(samples.failures),
                     "first": [relative(f, start) for f in samples.failures[:KEPT_FAILURES]]},
        "events": [relative(event, start) for event in timeline.events],
        "series": figures.series(samples, run.sampler.points, start, end,
                                 len(run.fleet.instances), run.disk),
    }
    return report


def totals(samples, run, start):
    first = min(samples.failures, key=lambda f: f["at"], default=None)
    text = first and (f"{first['endpoint']}: {first['error']}, "
                      f"{max(0, first['at'] - start):.0f} s after the start, in {first['stage']}")
    return {"requests": len(samples.times) + len(samples.failures),
            "failed": len(samples.failures), "firstFailure": text,
            "notSent": samples.counters["dropped_iterations"],
            "failedChecks": dict(samples.failed_checks),
            "writesUnanswered": samples.counters["writes_unanswered"],
            "ledgerChecked": samples.counters["ledger_checked"],
            "ledgerDifferences": samples.counters["ledger_differences"],
            "ledgerComplete": run.ledger_complete}


def warm_up(run):
    if run.warm is None:
        return None
    samples, seconds = run.warm.samples, run.warm_seconds
    return {"name": "warm-up", "from": None, "to": None, "countsForP99": False, "judged": False,
            "ratio": None, "p99AsScheduledMs": None,
            **figures.of(samples.millis, len(samples.failures), seconds)}


def groups(failures):
    counts = Counter((f["stage"], f["endpoint"], f["error"]) for f in failures)
    return [{"stage": stage, "endpoint": endpoint, "error": error, "count": count}
            for (stage, endpoint, error), count in counts.most_common(KEPT_FAILURES)]


def sizes(entries, start):
    before = None
    found = []
    for entry in entries:
        entry = relative(entry, start)
        entry["walBytes"] = entry["wal"] - before if before is not None else 0
        before = entry.pop("wal")
        found.append(entry)
    return found


def relative(entry, start):
    """Times as seconds since the start, in the gates of a step too."""
    times = ("at", "asked", "askedByAll", "effective", "drained", "opened")
    found = {}
    for name, value in entry.items():
        if name == "gates":
            value = [relative(gate, start) for gate in value]
        elif name in times and value is not None:
            value = value - start
        found[name] = round(value, 3) if isinstance(value, float) else value
    return found


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def write(report, directory):
    paths = [os.path.join(directory, name) for name in ("report.json", "report.html")]
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(report, file, separators=(",", ":"))
        file.write("\n")
    with open(paths[1], "w", encoding="utf-8") as file:
        file.write(page(report))
    return paths
