"""The backfill against one UPDATE, and against a worker with batches of a fixed size."""
from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial

from harness.errors import HarnessError

from .context import FULL_SPEED, BenchContext
from .figure import Figure
from .service import heap_mib_after_gc

FIXED_SIZE, FIXED_DELAY = 1000, 0.1

# Keyset pages, an UPDATE by the list of ids, a row with the progress, one transaction a batch, a
# pause. It runs in the server, so that it pays no round trips.
FIXED_BATCHES = """
CREATE TABLE fixed_progress (name text PRIMARY KEY, last_id bigint NOT NULL);
CREATE PROCEDURE fixed_batches(size integer, delay float8) LANGUAGE plpgsql AS $$
DECLARE
  last bigint := 0;
  ids bigint[];
BEGIN
  LOOP
    ids := ARRAY(SELECT id FROM orders WHERE id > last ORDER BY id LIMIT size);
    EXIT WHEN cardinality(ids) = 0;
    UPDATE orders SET status = lower(old_status) WHERE id = ANY (ids) AND status IS NULL;
    last := ids[cardinality(ids)];
    INSERT INTO fixed_progress VALUES ('orders-status', last)
    ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id;
    COMMIT;
    PERFORM pg_sleep(delay);
  END LOOP;
END $$;
"""


def update_rate(bench: BenchContext, rows: int) -> float:
    """Rows a second of the one UPDATE that a team without this program would send."""
    bench.copy_template("turn", rows, 1)
    millis = bench.postgres.statement_millis(
        "turn", "UPDATE orders SET status = lower(old_status)")
    bench.postgres.drop_database("turn")
    return rows * 1000 / millis


def fixed_batches_rate(bench: BenchContext, rows: int, delay: float) -> float:
    bench.copy_template("turn", rows, 1)
    bench.postgres.sql("turn", FIXED_BATCHES)
    millis = bench.postgres.statement_millis("turn", f"CALL fixed_batches({FIXED_SIZE}, {delay})")
    bench.postgres.drop_database("turn")
    return rows * 1000 / millis


def backfill_rate(bench: BenchContext, rows: int,
                  watch: Callable[[subprocess.Popen[bytes]], None] | None = None,
                  **settings: str) -> float:
    """Rows a second by the run's own clock: the program's start does not count. `watch` gets the
    process and returns when that has ended."""
    bench.copy_template("turn", rows, 1)
    if watch is None:
        bench.program.run_command("turn", "backfill", **settings)
    else:
        watch(bench.program.start("turn", "backfill", **settings))
    seconds = bench.last_run_seconds("turn", "forward", rows)
    bench.postgres.drop_database("turn")
    return rows / seconds


def full_speed_rate(bench: BenchContext, rows: int, workers: int,
                    watch: Callable[[subprocess.Popen[bytes]], None] | None = None) -> float:
    return backfill_rate(bench, rows, watch, **FULL_SPEED, BACKFILL_WORKERS=str(workers),
                         BACKFILL_BATCH_SIZE=str(bench.options.batch))


def measure_backfill(bench: BenchContext) -> list[Figure]:
    """a backfill with 1, 2, 4 workers against one UPDATE and against fixed batches"""
    rows, paced = bench.options.rows, max(bench.options.rows // 5, 20_000)
    found = bench.measure_in_turns("backfill", {
        "update": partial(update_rate, bench, rows),
        **{f"{n} workers": partial(full_speed_rate, bench, rows, n) for n in (1, 2, 4)},
        "fixed, no delay": partial(fixed_batches_rate, bench, rows, 0)})
    found.update(bench.measure_in_turns("backfill", {
        "default pace": partial(backfill_rate, bench, paced),
        "fixed, 100 ms": partial(fixed_batches_rate, bench, paced, FIXED_DELAY)}))
    speed = f"full speed, batches of at most {bench.options.batch:,}"
    return [
        Figure(f"backfill, 1 worker, {speed} / one UPDATE", "rows/s", found["1 workers"],
               found["update"], 0.75),
        Figure(f"backfill, 2 workers, {speed} / one UPDATE", "rows/s", found["2 workers"],
               found["update"], 0.9),
        Figure(f"backfill, 4 workers, {speed} / one UPDATE", "rows/s", found["4 workers"],
               found["update"]),
        Figure(f"backfill, 1 worker, {speed} / fixed batches of 1,000 without delay", "rows/s",
               found["1 workers"], found["fixed, no delay"], 1),
        Figure(f"backfill, 1 worker, default pace (batches of at most 1,000, half of the time) / "
               f"fixed batches of 1,000 with 100 ms between; {paced:,} rows", "rows/s",
               found["default pace"], found["fixed, 100 ms"], 1),
    ]


def measure_growth(bench: BenchContext) -> list[Figure]:
    """the backfill's rate and its heap at growing numbers of rows"""
    sizes = bench.options.growth
    found = bench.measure_in_turns("growth", {
        f"{rows:,}": partial(full_speed_rate, bench, rows, 1) for rows in sizes})
    heaps = {rows: sample_heap(bench, rows) for rows in sizes}
    few = sizes[0]
    figures = []
    for many in sizes[1:]:
        figures += [
            Figure(f"backfill of {many:,} / of {few:,} rows, 1 worker, full speed", "rows/s",
                   found[f"{many:,}"], found[f"{few:,}"], 0.9),
            Figure(f"heap after GC at {many:,} / at {few:,} rows", "MiB", heaps[many], heaps[few],
                   1.15, upper=True)]
    return figures


def sample_heap(bench: BenchContext, rows: int) -> list[float]:
    """The heap in MiB after collections during one backfill."""
    samples = []

    def watch(process: subprocess.Popen[bytes]) -> None:
        time.sleep(1.5)
        while process.poll() is None:
            used = heap_mib_after_gc(process.pid)
            if used is not None:
                samples.append(used)
            time.sleep(1)
        bench.program.processes.wait(process)

    full_speed_rate(bench, rows, 1, watch)
    if not samples:
        raise HarnessError(f"a backfill of {rows:,} rows is too short to measure its heap")
    bench.log(f"heap at {rows:,} rows: {statistics.median(samples):.1f} MiB, "
              f"{len(samples)} collections")
    return samples
