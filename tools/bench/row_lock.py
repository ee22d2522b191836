"""Writers beside a client that holds the lock of a row."""
from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import HarnessError

from .constant_load import percentile, start_constant_load
from .context import BenchContext
from .figure import Figure
from .service import Service

LOCKED_ID = 900
LOCK_ROW = f"BEGIN; UPDATE orders SET amount = amount WHERE id = {LOCKED_ID};"
COUNT_OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'
"""
COUNT_STARTED_RANGES = """
SELECT count(*) FROM backfill_progress WHERE range_no >= 1000000 OR scanned > 0
"""
BACKFILL = "/migrations/orders-status/backfill"


def measure_row_lock(bench: BenchContext) -> list[Figure]:
    """writers' p99 beside a client that holds a row, with a backfill / without one"""
    rows = bench.options.rows
    found: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(bench.options.turns):
        bench.copy_template("held", rows, 1)
        service = bench.program.serve("held", 1)
        bench.warm_up(service, "post.lua")
        bench.clear_keys("held")
        with locked_row(bench):
            for side in (("without", "with"), ("with", "without"))[turn % 2]:
                p99 = update_p99(bench, service, rows, side == "with")
                found[side].append(p99)
                bench.log(f"holder turn {turn + 1}: {side} a backfill, p99 {p99:.2f} ms")
        bench.stop_services([service])
    return [Figure(
        f"p99 of PATCH ({bench.options.rate} requests a second) while a client holds a row, with "
        "a backfill at its default pace / without", "ms", found["with"], found["without"], 1.1,
        upper=True)]


@contextmanager
def locked_row(bench: BenchContext) -> Iterator[None]:
    """A client in a transaction that has changed a row; it rolls back at the end."""
    with subprocess.Popen(["psql", "-Xq", *bench.postgres.client_arguments("held")],
                          stdin=subprocess.PIPE, text=True) as client:
        if client.stdin is None:
            raise HarnessError("psql has no standard input")
        client.stdin.write(LOCK_ROW + "\n")
        client.stdin.flush()
        await_open_transaction(bench)
        yield
        client.communicate("ROLLBACK;\n")


def await_open_transaction(bench: BenchContext) -> None:
    deadline = time.monotonic() + 30
    while bench.postgres.sql("held", COUNT_OPEN_TRANSACTIONS) == "0":
        if time.monotonic() > deadline:
            raise HarnessError("no client holds the row")
        time.sleep(0.1)


def update_p99(bench: BenchContext, service: Service, rows: int, filling: bool) -> float:
    """The p99 in ms of changes of other rows, beside a backfill or not."""
    if filling:
        service.call(BACKFILL, b"{}", operator=True)
    load = start_constant_load(bench, service, rows, LOCKED_ID + 1)
    time.sleep(bench.options.duration)
    millis = [request.millis for request in load.stop_and_read()]
    if filling:
        if bench.postgres.sql("held", COUNT_STARTED_RANGES) == "0":
            raise HarnessError("the backfill did nothing")
        service.call(BACKFILL + "/cancel", b"", operator=True)
    return percentile(millis, 0.99)
