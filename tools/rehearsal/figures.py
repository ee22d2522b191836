"""Turns samples into the figures of the report. Times are seconds since the start."""
import bisect
import math

from .verdict import percentile

WIDTHS = (2, 5, 10, 20, 30, 60, 120, 300, 600)
MOST = 240


def of(millis, failed, seconds):
    """The figures of some requests: `millis` of those that did not fail, and how many did."""
    ordered = sorted(millis)
    total = len(ordered) + failed
    return {"requests": total,
            "requestsPerSecond": rounded(total / seconds, 1) if seconds > 0 else None,
            "p50Ms": rounded(percentile(ordered, 0.5)), "p95Ms": rounded(percentile(ordered, 0.95)),
            "p99Ms": rounded(percentile(ordered, 0.99)),
            "maxMs": rounded(ordered[-1] if ordered else None), "errors": failed}


def rounded(value, digits=3):
    return None if value is None else round(value, digits)


def stages(entries, samples, start, disk=None):
    """A request belongs to the stage in which it ended."""
    begins = [entry["from"] for entry in entries]
    millis = split(begins, samples.times, samples.millis)
    scheduled = split(begins, samples.scheduled_times, samples.scheduled_millis)
    failed = [0] * len(entries)
    for failure in samples.failures:
        place = max(0, bisect.bisect_right(begins, failure["at"]) - 1)
        failed[place] += 1
        failure["stage"] = entries[place]["name"]
    return [{"name": e["name"], "from": rounded(e["from"] - start),
             "to": rounded(e["to"] - start), "countsForP99": e["countsForP99"],
             **of(millis[i], failed[i], e["to"] - e["from"]),
             "p99AsScheduledMs": rounded(percentile(sorted(scheduled[i]), 0.99)),
             "slowestDiskWriteMs": rounded(disk and disk.worst(e["from"], e["to"]), 1)}
            for i, e in enumerate(entries)]


def split(begins, times, values):
    """The values of each stage; what came before the first one is left out."""
    found = [[] for _ in begins]
    for at, value in zip(times, values):
        if at >= begins[0]:
            found[bisect.bisect_right(begins, at) - 1].append(value)
    return found


def width(seconds):
    """Of a bucket, such that the whole fits into a chart and a file."""
    return next((w for w in WIDTHS if seconds / w <= MOST), math.ceil(seconds / MOST))


def series(samples, points, start, end, instances, disk=None):
    """Everything over time, in buckets of the same width; None where nothing was measured."""
    wide = width(end - start)
    count = max(1, math.ceil((end - start) / wide))
    buckets = [{"millis": [], "failed": 0, "points": []} for _ in range(count)]

    def bucket(at):
        return buckets[min(count - 1, max(0, int((at - start) / wide)))]

    for at, took in zip(samples.times, samples.millis):
        if at >= start:
            bucket(at)["millis"].append(took)
    for failure in samples.failures:
        bucket(failure["at"])["failed"] += 1
    for point in rates(points):
        if point["at"] >= start:
            bucket(point["at"])["points"].append(point)
    rows = [row(b, wide if i < count - 1 else end - start - wide * (count - 1), instances)
            for i, b in enumerate(buckets)]
    columns = {name: [r[name] for r in rows] for name in rows[0]}
    begins = [start + i * wide for i in range(count)]
    columns["slowestDiskWriteMs"] = [
        rounded(disk and disk.worst(at, min(end, at + wide)), 1) for at in begins]
    return {"widthSeconds": wide, "second": [i * wide for i in range(count)], **columns}


def row(bucket, seconds, instances):
    points = bucket["points"]

    def worst(name, digits=1):
        return rounded(max((p[name] for p in points), default=None), digits)

    def mean(name):
        values = [p[name] for p in points if p.get(name) is not None]
        return round(sum(values) / len(values)) if values else None

    return {**of(bucket["millis"], bucket["failed"], seconds),
            "lockWaits": worst("lockWaits"), "longestLockWaitMs": worst("longestLockWaitMs"),
            "ddlLockWaits": worst("ddlLockWaits"),
            "longestDdlLockWaitMs": worst("longestDdlLockWaitMs"),
            "walBytesPerSecond": mean("walRate"), "backfillRowsPerSecond": mean("backfillRate"),
            "parityRowsPerSecond": mean("parityRate"), "backfillRows": last(points, "backfill"),
            "parityRows": last(points, "parity"),
            "memoryBytes": [memory(points, i) for i in range(instances)]}


def last(points, kind):
    found = [p[kind]["rows"] for p in points if p.get(kind)]
    return found[-1] if found else None


def memory(points, number):
    found = [p["memory"][number] for p in points if p["memory"][number] is not None]
    return found[-1] if found else None


def rates(points):
    """Adds what grew from one point to the next, a second."""
    for before, now in zip(points, points[1:]):
        seconds = now["at"] - before["at"]
        now["walRate"] = (now["wal"] - before["wal"]) / seconds
        for kind in ("backfill", "parity"):
            if kind in now:
                same = before.get(kind) and before[kind]["run"] == now[kind]["run"]
                grown = now[kind]["rows"] - (before[kind]["rows"] if same else 0)
                now[kind + "Rate"] = grown / seconds
    return points
