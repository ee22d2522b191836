"""The latency of reads and writes while the fleet takes a step."""
from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from harness.errors import HarnessError

from .constant_load import Request, percentile, start_constant_load
from .context import BenchContext
from .figure import Figure
from .service import Service

PHASES = (1, 2, 3, 2, 1, 0)
# the seconds before a step in which nothing else happens
QUIET_SECONDS = 6
# of the second around a step, this lies before it
LEAD_SECONDS = 0.25
STEPS_SINCE = """
SELECT extract(epoch FROM at), from_phase, to_phase FROM migration_history
WHERE kind = 'step' AND at > to_timestamp({}) ORDER BY id
"""
RUN_AND_INDEX = """
SELECT (SELECT kind || ' ' || state FROM backfill_run ORDER BY id DESC LIMIT 1),
  EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('orders_status_idx') AND indisvalid)
"""


def measure_steps(bench: BenchContext) -> list[Figure]:
    """latency at a constant rate while the phase goes 0 1 2 3 2 1 0, a turn each"""
    rows = min(bench.options.rows, 100_000)
    bench.copy_template("steps", rows, 0)
    service = bench.program.serve("steps", 0)
    bench.warm_up(service, "get.lua", str(rows))
    bench.warm_up(service, "post.lua")
    bench.clear_keys("steps")
    began = time.time()
    load = start_constant_load(bench, service, rows)
    quiet = [take_step(service, phase) for _ in range(bench.options.turns) for phase in PHASES]
    time.sleep(2)
    requests = load.stop_and_read()
    steps = [line.split("|")
             for line in bench.postgres.sql("steps", STEPS_SINCE.format(began)).split()]
    bench.stop_services([service])
    if len(steps) != len(quiet):
        raise HarnessError(f"{len(steps)} steps instead of {len(quiet)}")
    return compare_seconds(
        bench, requests, [(float(at), f"{a} -> {b}") for at, a, b in steps], quiet)


def take_step(service: Service, phase: int) -> tuple[float, float]:
    """Takes one step, after what its gates ask for; gives the beginning and the end of the quiet
    seconds before it."""
    if service.needs_backfill(phase):
        run_until_complete(service, "backfill", b'{"targetLoad":1}')
    elif phase == 3:
        run_until_complete(service, "parity", b"")
    time.sleep(2)
    began = time.time()
    time.sleep(QUIET_SECONDS)
    ended = time.time()
    service.flags.set_phase(phase)
    service.await_phase(phase, after=2)
    return began, ended


def run_until_complete(service: Service, run: str, body: bytes) -> None:
    """Starts a run and waits for it, for its comparison and for the index."""
    service.call(f"/migrations/orders-status/{run}", body, operator=True)
    deadline = time.monotonic() + 600
    while service.program.postgres.sql(service.database, RUN_AND_INDEX) != "parity complete|t":
        if time.monotonic() > deadline:
            raise HarnessError(f"the {run} does not end")
        time.sleep(0.5)


def compare_seconds(bench: BenchContext, requests: Sequence[Request],
                    steps: Sequence[tuple[float, str]],
                    quiet: Sequence[tuple[float, float]]) -> list[Figure]:
    """The second of each step against the quiet seconds before it."""
    slowest: list[float] = []
    p99_before: list[float] = []
    slowest_before: list[list[float]] = []
    for (at, name), (began, ended) in zip(steps, quiet):
        within = millis_between(requests, at - LEAD_SECONDS, at - LEAD_SECONDS + 1)
        seconds = [millis_between(requests, began + n, began + n + 1)
                   for n in range(int(ended - began))]
        slowest.append(max(within))
        p99_before.append(percentile([millis for second in seconds for millis in second], 0.99))
        slowest_before.append([max(second) for second in seconds])
        bench.log(f"step {name}: slowest of {len(within)} {slowest[-1]:.1f} ms; before p99 "
                  f"{p99_before[-1]:.1f} ms, slowest of each second "
                  + ", ".join(f"{each:.1f}" for each in slowest_before[-1]))
    usual = [statistics.median(each) for each in slowest_before]
    worst = [max(each) for each in slowest_before]
    second = f"of a second ({bench.options.rate} requests)"
    return [
        Figure(f"slowest request {second} with a step / p99 of the {QUIET_SECONDS} seconds before",
               "ms", slowest, p99_before, 1.5, upper=True, worst=True),
        Figure(f"slowest request {second} without a step / the same p99", "ms", usual, p99_before),
        Figure(f"slowest request {second} with a step / without", "ms", slowest, usual, 1.5,
               upper=True),
        Figure(f"slowest request {second} with a step / of all {QUIET_SECONDS} seconds before",
               "ms", slowest, worst),
    ]


def millis_between(requests: Sequence[Request], since: float, until: float) -> list[float]:
    return [request.millis for request in requests if since <= request.sent < until]
