"""The comparison of every row against what one SELECT takes."""
from __future__ import annotations

import statistics
import time
from functools import partial

from harness.errors import HarnessError

from .context import FULL_SPEED, BenchContext
from .figure import Figure

# the comparison only reads and holds no row lock: its batches may be big
COMPARE_BATCH = 100_000
COUNT = "SELECT count(*) FROM orders"
DIFFERING = "SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status)"
LAST_RUN_USED_SNAPSHOT = "SELECT snapshot FROM backfill_run ORDER BY id DESC LIMIT 1"
LAST_RUN_STATE = "SELECT state FROM backfill_run ORDER BY id DESC LIMIT 1"
SERIAL = "SET max_parallel_workers_per_gather = 0"


def await_run(bench: BenchContext) -> None:
    deadline = time.monotonic() + 300
    while bench.postgres.sql("compared", LAST_RUN_STATE) == "running":
        if time.monotonic() > deadline:
            raise HarnessError("the comparison does not end")
        time.sleep(0.1)


def measure_parity(bench: BenchContext) -> list[Figure]:
    """the comparison of every row against SELECT count(*), and against one SELECT that compares"""
    # a worker compares some million rows a second: fewer would measure its beginning
    rows = bench.options.rows * 8
    bench.copy_template("compared", rows, 1, filled=True)

    def select_rate(statement: str, before: str = "SELECT") -> float:
        times = [bench.postgres.statement_millis("compared", statement, before) for _ in range(3)]
        return rows * 1000 / statistics.median(times)

    def compare_rate(workers: int, limit: str) -> float:
        """As after each backfill, by an instance that serves; its first run warms it up."""
        service = bench.program.serve("compared", 1, **FULL_SPEED,
                                      BACKFILL_WORKERS=str(workers),
                                      BACKFILL_BATCH_SIZE=str(COMPARE_BATCH),
                                      PARITY_SNAPSHOT_LIMIT=limit)
        for _ in range(2):
            service.call("/migrations/orders-status/parity", b"", operator=True)
            await_run(bench)
            seconds = bench.last_run_seconds("compared", "parity", rows)
        service.stop()
        expected = "f" if limit == "0s" else "t"
        if bench.postgres.sql("compared", LAST_RUN_USED_SNAPSHOT) != expected:
            raise HarnessError(f"with a limit of {limit} the run compared in the other mode")
        return rows / seconds

    found = bench.measure_in_turns("parity", {
        "1 worker": partial(compare_rate, 1, "0s"),
        "2 workers": partial(compare_rate, 2, "0s"),
        "1 session": partial(compare_rate, 1, "5M"),
        "2 sessions": partial(compare_rate, 2, "5M"),
        "count": partial(select_rate, COUNT, SERIAL),
        "count, parallel": partial(select_rate, COUNT),
        "comparison": partial(select_rate, DIFFERING, SERIAL),
        "comparison, parallel": partial(select_rate, DIFFERING)})
    bench.postgres.drop_database("compared")
    serial, default = "max_parallel_workers_per_gather = 0", "the default of 2 parallel workers"
    one, two = (f"parity of {rows:,} rows, {workers}, full speed, batches of at most "
                f"{COMPARE_BATCH:,}" for workers in ("1 worker", "2 workers"))
    one_snapshot, two_snapshot = (f"{name}, in one snapshot" for name in (one, two))
    return [
        Figure(f"{one_snapshot} / count(*), {serial}", "rows/s", found["1 session"],
               found["count"], 0.22),
        Figure(f"{two_snapshot} / count(*), {serial}", "rows/s", found["2 sessions"],
               found["count"], 0.40),
        Figure(f"{one_snapshot} / in the order of the key", "rows/s", found["1 session"],
               found["1 worker"]),
        Figure(f"{one} / count(*), {serial}", "rows/s", found["1 worker"], found["count"], 0.6),
        Figure(f"{two} / count(*), {serial}", "rows/s", found["2 workers"], found["count"], 0.6),
        Figure(f"{two} / count(*), {default}", "rows/s", found["2 workers"],
               found["count, parallel"], 0.6),
        Figure(f"{one} / one SELECT that compares, {serial}", "rows/s", found["1 worker"],
               found["comparison"]),
        Figure(f"{two} / one SELECT that compares, {default}", "rows/s", found["2 workers"],
               found["comparison, parallel"]),
        Figure(f"the limit: one SELECT that compares / count(*), {serial}", "rows/s",
               found["comparison"], found["count"]),
    ]
