"""The charts of a report."""
from __future__ import annotations

from harness.json_object import JsonObject

from .charts import Chart, Line, TimeAxis
from .verdict import LIMIT_FACTOR

MIB = 2**20


def measured_stages(report: JsonObject) -> list[JsonObject]:
    """The stages without the warm-up, numbered from 1."""
    stages = [stage for stage in report["stages"] if stage["from"] is not None]
    return [{**stage, "number": number} for number, stage in enumerate(stages, 1)]


def time_axis(report: JsonObject) -> TimeAxis:
    """Until the ledgers are read back: at full speed that would make all before it look small."""
    stages = measured_stages(report)
    end = next((s["from"] for s in stages if s["name"] == "final-ledger"), None)
    return TimeAxis(end or report["run"]["seconds"], report["series"]["widthSeconds"],
                    [s for s in stages if not end or s["from"] < end], report["steps"])


def latency_chart(report: JsonObject, time: TimeAxis) -> Chart:
    data = series_until_end(report, time)
    base = next((s["p99Ms"] for s in measured_stages(report) if s["name"] == "baseline"), None)
    return Chart("Latency", "ms",
                 [Line("max", "d", data["maxMs"]), Line("p99", "c", data["p99Ms"]),
                  Line("p95", "b", data["p95Ms"]), Line("p50", "a", data["p50Ms"])],
                 height=210, log=True, limit=base and base * LIMIT_FACTOR)


def runs_chart(report: JsonObject, time: TimeAxis) -> Chart:
    data = series_until_end(report, time)
    return Chart("Backfill and parity scan", "rows/s",
                 [Line("backfill", "a", data["backfillRowsPerSecond"]),
                  Line("parity scan", "b", data["parityRowsPerSecond"])], height=110)


def disk_chart(report: JsonObject, time: TimeAxis) -> Chart | None:
    """None if there was no probe of the disk."""
    data = series_until_end(report, time)
    if not any(data["slowestDiskWriteMs"]):
        return None
    return Chart("Slowest small write that waited for the disk",
                 "ms, a probe beside the database",
                 [Line("write", "c", data["slowestDiskWriteMs"])], height=60)


def all_charts(report: JsonObject, time: TimeAxis) -> list[Chart]:
    data = series_until_end(report, time)
    disk = disk_chart(report, time)
    wal = [None if v is None else v / MIB for v in data["walBytesPerSecond"]]
    return [
        latency_chart(report, time),
        Chart("Throughput", "requests/s",
              [Line("requests", "a", data["requestsPerSecond"])], height=90),
        Chart("Failed requests", f"in each {data['widthSeconds']} s",
              [Line("failed", "c", data["errors"])], height=50),
        runs_chart(report, time),
        Chart("Sessions waiting for a lock", "count, the most seen at once",
              [Line("service", "c", data["lockWaits"]),
               Line("schema change", "b", data["ddlLockWaits"])], height=60),
        Chart("Longest wait for a lock seen", "ms",
              [Line("service", "c", data["longestLockWaitMs"]),
               Line("schema change", "b", data["longestDdlLockWaitMs"])], height=60),
        *([disk] if disk else []),
        Chart("Write-ahead log", "MiB/s", [Line("WAL", "a", wal)], height=90),
        Chart("Resident memory", "MiB",
              [Line(f"instance {i + 1}", "abcd"[i % 4], values)
               for i, values in enumerate(memory_of_instances(data))], height=90),
    ]


def memory_of_instances(data: JsonObject) -> list[list[float | None]]:
    """MiB over time, of each instance."""
    return [[None if bucket is None else bucket[i] and bucket[i] / MIB
             for bucket in data["memoryBytes"]]
            for i in range(len(data["memoryBytes"][0]))]


def series_until_end(report: JsonObject, time: TimeAxis) -> JsonObject:
    """The columns of the report, cut at the end of the axis."""
    count = max(1, int(time.end / time.bucket_seconds))
    return {name: column[:count] if isinstance(column, list) else column
            for name, column in report["series"].items()}
