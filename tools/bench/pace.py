"""What a backfill does to the users of a half busy service, and what it keeps of its rate."""
from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.errors import HarnessError

from .backfills import FIXED_BATCHES, FIXED_DELAY, FIXED_SIZE
from .constant_load import Request, percentile, start_constant_load
from .context import BenchContext
from .figure import Figure
from .load_generators import Measurement
from .service import Service
from .steps import millis_between

DATABASE = "paced"
BACKFILL = "/migrations/orders-status/backfill"
# of all processors, the client's work included
LOAD = 0.5
PROBE_SECONDS = 8
LOWEST_RATE, HIGHEST_RATE = 50, 20_000
# requests without a run before it, by which it knows what they take; without requests, until the
# service has none to judge by
LEAD_SECONDS = 6
# until the pace has found what the machine carries
SETTLE_SECONDS = 20
# without requests there is nothing to find, and the rows are soon done
ALONE_SETTLE_SECONDS, ALONE_SECONDS = 2, 5
NOTHING = "SELECT 0"
SCANNED = """
SELECT coalesce(sum(scanned), 0) FROM backfill_progress
WHERE run_id = (SELECT max(id) FROM backfill_run)
"""
FIXED_SCANNED = "SELECT coalesce(max(last_id), 0) FROM fixed_progress"
STOP_FIXED = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'fixed'
"""
EMPTY_AGAIN = """
TRUNCATE fixed_progress;
UPDATE orders SET status = NULL WHERE id <= {rows} AND status IS NOT NULL
"""
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Work:
    """Something that fills the column beside the requests: how far it is, and how it is stopped."""

    scanned: str
    stop: Callable[[], object]


@dataclass(frozen=True)
class Side:
    """What one side of a turn did in each second that counts."""

    rows: list[float]
    millis: list[list[float]]

    def measurement(self) -> Measurement:
        found = {"rows": sum(self.rows) / len(self.rows)}
        every = [each for second in self.millis for each in second]
        return {**found, "p99": percentile(every, 0.99)} if every else found

    def note(self, name: str) -> str:
        """Both as bars, a second each."""
        slow = [percentile(second, 0.99) for second in self.millis if second]
        return "\n".join(
            f"- {name}, {what}, {min(values):,.0f} to {max(values):,.0f}: `{draw_bars(values)}`"
            for what, values in (("rows/s", self.rows), ("p99 in ms", slow))
            if values and max(values) > 0)


def measure_pace(bench: BenchContext) -> list[Figure]:
    """p99 of requests beside a backfill at half load, and the rate that the backfill keeps"""
    rows = bench.options.rows
    bench.copy_template(DATABASE, rows, 1)
    bench.postgres.sql(DATABASE, FIXED_BATCHES)
    service = bench.program.serve(DATABASE, 1)
    bench.warm_up(service, "get.lua", str(rows))
    bench.warm_up(service, "post.lua")
    rate = find_rate(bench, service)
    last: dict[str, Side] = {}

    def measure(name: str, requests: int, start: Callable[[], Work]) -> Measurement:
        empty_again(bench)
        last[name] = measure_side(bench, service, requests, start)
        return last[name].measurement()

    backfill = partial(start_backfill, service)
    sides: dict[str, tuple[int, Callable[[], Work]]] = {
        "requests only": (rate, do_nothing),
        "default pace": (rate, backfill),
        "fixed batches": (rate, partial(start_fixed_batches, bench)),
        "backfill only": (0, backfill)}
    found = bench.measure_in_turns("pace", {
        name: partial(measure, name, requests, start)
        for name, (requests, start) in sides.items()})
    bench.stop_services([service])
    bench.notes.append("The last turn of part pace, a second a bar:\n\n"
                       + "\n".join(side.note(name) for name, side in last.items()))
    return compare_sides(rate, found)


def compare_sides(rate: int, found: dict[str, list[Measurement]]) -> list[Figure]:
    p99 = {name: [turn["p99"] for turn in turns if "p99" in turn] for name, turns in found.items()}
    rows = {name: [turn["rows"] for turn in turns] for name, turns in found.items()}
    at = f"at half load ({rate} requests a second)"
    fixed = f"fixed batches of {FIXED_SIZE:,} with {FIXED_DELAY * 1000:.0f} ms between"
    return [
        Figure(f"p99 of requests {at}, with a backfill at its default pace / without", "ms",
               p99["default pace"], p99["requests only"], 1.2, upper=True),
        Figure(f"p99 of requests {at}, with {fixed} / without", "ms",
               p99["fixed batches"], p99["requests only"]),
        Figure(f"backfill at its default pace, {at} / without requests", "rows/s",
               rows["default pace"], rows["backfill only"], 0.3),
        Figure(f"backfill at its default pace / {fixed}, both {at}", "rows/s",
               rows["default pace"], rows["fixed batches"]),
    ]


def find_rate(bench: BenchContext, service: Service) -> int:
    """Requests a second that keep half of the processors busy."""
    rate = bench.options.rate
    for _ in range(3):
        load = start_constant_load(bench, service, bench.options.rows, rate=rate)
        time.sleep(1)
        before = processor_ticks()
        time.sleep(PROBE_SECONDS)
        busy = busy_share(before, processor_ticks())
        load.stop_and_read()
        bench.log(f"pace: {rate} requests a second keep {busy:.0%} of the processors busy")
        rate = next_rate(rate, busy)
    return rate


def next_rate(rate: int, busy: float) -> int:
    """The rate at which LOAD of the processors is busy, if that grows with the rate."""
    if busy <= 0:
        raise HarnessError("/proc/stat says that no processor works")
    return max(LOWEST_RATE, min(HIGHEST_RATE, round(rate * LOAD / busy)))


def processor_ticks() -> list[int]:
    """Of all processors since the start: user, nice, system, idle, iowait, and so on."""
    with open("/proc/stat", encoding="utf-8") as file:
        return [int(word) for word in file.readline().split()[1:9]]


def busy_share(before: Sequence[int], after: Sequence[int]) -> float:
    passed = [b - a for a, b in zip(before, after)]
    return 1 - (passed[3] + passed[4]) / max(1, sum(passed))


def empty_again(bench: BenchContext) -> None:
    """Takes back what a side filled, so that the next one has as much to do."""
    bench.postgres.sql(DATABASE, EMPTY_AGAIN.format(rows=bench.options.rows))
    bench.clear_keys(DATABASE)


def do_nothing() -> Work:
    return Work(NOTHING, lambda: None)


def start_backfill(service: Service) -> Work:
    service.call(BACKFILL, b"{}", operator=True)
    return Work(SCANNED, lambda: service.call(BACKFILL + "/cancel", b"", operator=True))


def start_fixed_batches(bench: BenchContext) -> Work:
    processes = bench.program.processes
    process = processes.start(
        ["psql", "-Xq", *bench.postgres.client_arguments(DATABASE),
         "-c", f"CALL fixed_batches({FIXED_SIZE}, {FIXED_DELAY})"],
        env={**os.environ, "PGAPPNAME": "fixed"}, stderr=subprocess.DEVNULL)

    def stop() -> None:
        bench.postgres.sql(DATABASE, STOP_FIXED)
        processes.stop(process)

    return Work(FIXED_SCANNED, stop)


def measure_side(bench: BenchContext, service: Service, rate: int,
                 start: Callable[[], Work]) -> Side:
    """Requests at the rate, if any, and what `start` begins beside them."""
    load = start_constant_load(bench, service, bench.options.rows, rate=rate) if rate else None
    time.sleep(LEAD_SECONDS)
    work = start()
    time.sleep(SETTLE_SECONDS if rate else ALONE_SETTLE_SECONDS)
    marks = [mark(bench, work)]
    for _ in range(bench.options.duration if rate else ALONE_SECONDS):
        time.sleep(1)
        marks.append(mark(bench, work))
    work.stop()
    requests = load.stop_and_read() if load else []
    if marks[-1][1] >= bench.options.rows:
        raise HarnessError("the run was over too early: give it more --rows")
    return side_of(marks, requests)


def mark(bench: BenchContext, work: Work) -> tuple[float, int]:
    """The time, and how many rows are done."""
    return time.time(), int(bench.postgres.sql(DATABASE, work.scanned))


def side_of(marks: Sequence[tuple[float, int]], requests: Sequence[Request]) -> Side:
    pairs = list(zip(marks, marks[1:]))
    return Side([(rows - before) / (at - since) for (since, before), (at, rows) in pairs],
                [millis_between(requests, since, at) for (since, _), (at, _) in pairs])


def draw_bars(values: Sequence[float]) -> str:
    """A bar for each value, from zero to the highest."""
    top = max(values) or 1
    return "".join(BARS[min(len(BARS) - 1, int(value / top * len(BARS)))] for value in values)
