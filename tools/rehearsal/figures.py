"""Turns samples into the figures of the report. Times are seconds since the start."""
from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.json_object import JsonObject

from .disk_probe import DiskProbe
from .samples import Samples
from .timeline import Stage

BUCKET_SECONDS = (2, 5, 10, 20, 30, 60, 120, 300, 600)
MOST_BUCKETS = 240


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank: the smallest value that at least that share of all does not exceed."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def request_figures(millis: Iterable[float], failed: int, seconds: float) -> JsonObject:
    """The figures of some requests: `millis` of those that did not fail, and how many did."""
    ordered = sorted(millis)
    total = len(ordered) + failed
    return {"requests": total,
            "requestsPerSecond": rounded(total / seconds, 1) if seconds > 0 else None,
            "p50Ms": rounded(percentile(ordered, 0.5)), "p95Ms": rounded(percentile(ordered, 0.95)),
            "p99Ms": rounded(percentile(ordered, 0.99)),
            "maxMs": rounded(ordered[-1] if ordered else None), "errors": failed}


def rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def stage_figures(stages: Sequence[Stage], samples: Samples, start: float,
                  probe: DiskProbe | None = None) -> list[JsonObject]:
    """A request belongs to the stage in which it ended; each failure gets its stage's name."""
    begins = [stage.start for stage in stages]
    millis = _split_by_stage(begins, samples.times, samples.millis)
    scheduled = _split_by_stage(begins, samples.scheduled_times, samples.scheduled_millis)
    failed = [0] * len(stages)
    for failure in samples.failures:
        place = max(0, bisect.bisect_right(begins, failure["at"]) - 1)
        failed[place] += 1
        failure["stage"] = stages[place].name
    return [{"name": stage.name, "from": rounded(stage.start - start),
             "to": rounded(stage.end - start), "countsForP99": stage.counts_for_p99,
             **request_figures(millis[i], failed[i], stage.end - stage.start),
             "p99AsScheduledMs": rounded(percentile(sorted(scheduled[i]), 0.99)),
             "slowestDiskWriteMs": _slowest_write(probe, stage.start, stage.end)}
            for i, stage in enumerate(stages)]


def _split_by_stage(begins: Sequence[float], times: Iterable[float],
                    values: Iterable[float]) -> list[list[float]]:
    """The values of each stage; what came before the first one is left out."""
    found: list[list[float]] = [[] for _ in begins]
    for at, value in zip(times, values):
        if at >= begins[0]:
            found[bisect.bisect_right(begins, at) - 1].append(value)
    return found


def _slowest_write(probe: DiskProbe | None, start: float, end: float) -> float | None:
    return rounded(probe.slowest_write(start, end), 1) if probe else None


def bucket_seconds(seconds: float) -> int:
    """The width of a bucket, such that the whole fits into a chart and a file."""
    return next((width for width in BUCKET_SECONDS if seconds / width <= MOST_BUCKETS),
                math.ceil(seconds / MOST_BUCKETS))


@dataclass
class Bucket:
    millis: list[float] = field(default_factory=list)
    failed: int = 0
    points: list[JsonObject] = field(default_factory=list)

    def figures(self, seconds: float, instances: int) -> JsonObject:
        return {**request_figures(self.millis, self.failed, seconds),
                "lockWaits": self._worst("lockWaits"),
                "longestLockWaitMs": self._worst("longestLockWaitMs"),
                "ddlLockWaits": self._worst("ddlLockWaits"),
                "longestDdlLockWaitMs": self._worst("longestDdlLockWaitMs"),
                "walBytesPerSecond": self._mean("walRate"),
                "backfillRowsPerSecond": self._mean("backfillRate"),
                "parityRowsPerSecond": self._mean("parityRate"),
                "backfillRows": self._last_rows("backfill"),
                "parityRows": self._last_rows("parity"),
                "memoryBytes": [self._last_memory(i) for i in range(instances)]}

    def _worst(self, name: str) -> float | None:
        return rounded(max((point[name] for point in self.points), default=None), 1)

    def _mean(self, name: str) -> int | None:
        values = [point[name] for point in self.points if point.get(name) is not None]
        return round(sum(values) / len(values)) if values else None

    def _last_rows(self, kind: str) -> int | None:
        return _last(point[kind]["rows"] for point in self.points if point.get(kind))

    def _last_memory(self, instance: int) -> int | None:
        return _last(point["memory"][instance] for point in self.points
                     if point["memory"][instance] is not None)


def _last(values: Iterable[int]) -> int | None:
    found = list(values)
    return found[-1] if found else None


def time_series(samples: Samples, points: Sequence[JsonObject], start: float, end: float,
                instances: int, probe: DiskProbe | None = None) -> JsonObject:
    """Everything over time, in buckets of the same width; None where nothing was measured."""
    width = bucket_seconds(end - start)
    count = max(1, math.ceil((end - start) / width))
    buckets = [Bucket() for _ in range(count)]

    def bucket_at(at: float) -> Bucket:
        return buckets[min(count - 1, max(0, int((at - start) / width)))]

    for at, took in zip(samples.times, samples.millis):
        if at >= start:
            bucket_at(at).millis.append(took)
    for failure in samples.failures:
        bucket_at(failure["at"]).failed += 1
    for point in with_rates(points):
        if point["at"] >= start:
            bucket_at(point["at"]).points.append(point)
    rows = [bucket.figures(width if i < count - 1 else end - start - width * (count - 1), instances)
            for i, bucket in enumerate(buckets)]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    begins = [start + i * width for i in range(count)]
    columns["slowestDiskWriteMs"] = [
        _slowest_write(probe, at, min(end, at + width)) for at in begins]
    return {"widthSeconds": width, "second": [i * width for i in range(count)], **columns}


def with_rates(points: Sequence[JsonObject]) -> list[JsonObject]:
    """The points, with what grew from one to the next, a second."""
    found = [dict(point) for point in points]
    for before, now in zip(found, found[1:]):
        seconds = now["at"] - before["at"]
        now["walRate"] = (now["wal"] - before["wal"]) / seconds
        for kind in ("backfill", "parity"):
            if kind in now:
                same_run = before.get(kind) and before[kind]["run"] == now[kind]["run"]
                grown = now[kind]["rows"] - (before[kind]["rows"] if same_run else 0)
                now[kind + "Rate"] = grown / seconds
    return found
