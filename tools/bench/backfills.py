"""Backfill and comparison against what one statement, or the usual worker, does."""
import statistics
import time

from .context import FULL_SPEED
from .report import Figure
from harness.service import heap_after_gc

FIXED_BATCH, FIXED_DELAY = 1000, 0.1

# Keyset pages, an UPDATE by the list of ids, a row that says how far it is, one transaction a
# batch, a pause. In the server, so that it pays no round trips.
FIXED = f"""
CREATE TABLE fixed_progress (name text PRIMARY KEY, last_id bigint NOT NULL);
CREATE PROCEDURE fixed(size integer, delay float8) LANGUAGE plpgsql AS $$
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


def update(bench, rows):
    """The UPDATE that somebody without this program would send."""
    bench.postgres.copy(bench.template(rows, 1), "turn")
    millis = bench.postgres.millis("turn", "UPDATE orders SET status = lower(old_status)")
    bench.postgres.drop("turn")
    return rows * 1000 / millis


def fixed(bench, rows, delay):
    bench.postgres.copy(bench.template(rows, 1), "turn")
    bench.postgres.sql("turn", FIXED)
    millis = bench.postgres.millis("turn", f"CALL fixed({FIXED_BATCH}, {delay})")
    bench.postgres.drop("turn")
    return rows * 1000 / millis


def ours(bench, rows, watch=None, **settings):
    """Rows a second of one run, by the run's own clock: the program's start does not count."""
    bench.postgres.copy(bench.template(rows, 1), "turn")
    if watch is None:
        bench.program.command("turn", "backfill", **settings)
    else:
        watch(bench.program.start("turn", "backfill", **settings))
    seconds = bench.run_seconds("turn", "forward", rows)
    bench.postgres.drop("turn")
    return rows / seconds


def full_speed(bench, rows, workers, watch=None):
    return ours(bench, rows, watch, **FULL_SPEED, BACKFILL_WORKERS=str(workers),
                BACKFILL_BATCH_SIZE=str(bench.options.batch))


def backfill(bench):
    """a backfill with 1, 2, 4 workers against one UPDATE and against fixed batches"""
    rows, paced = bench.options.rows, max(bench.options.rows // 5, 20_000)
    found = bench.turns("backfill", {
        "update": lambda: update(bench, rows),
        **{f"{n} workers": lambda n=n: full_speed(bench, rows, n) for n in (1, 2, 4)},
        "fixed, no delay": lambda: fixed(bench, rows, 0)})
    found |= bench.turns("backfill", {
        "default pace": lambda: ours(bench, paced),
        "fixed, 100 ms": lambda: fixed(bench, paced, FIXED_DELAY)})
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


def growth(bench):
    """the backfill's rate and its heap at growing numbers of rows"""
    sizes = bench.options.growth
    found = bench.turns("growth", {
        f"{rows:,}": lambda rows=rows: full_speed(bench, rows, 1) for rows in sizes})
    heaps = {rows: heap(bench, rows) for rows in sizes}
    few, figures = sizes[0], []
    for many in sizes[1:]:
        figures += [
            Figure(f"backfill of {many:,} / of {few:,} rows, 1 worker, full speed", "rows/s",
                   found[f"{many:,}"], found[f"{few:,}"], 0.85),
            Figure(f"heap after GC at {many:,} / at {few:,} rows", "MiB", heaps[many], heaps[few],
                   1.15, upper=True)]
    return figures


def heap(bench, rows):
    samples = []

    def watch(process):
        time.sleep(1.5)
        while process.poll() is None:
            used = heap_after_gc(process.pid)
            if used is not None:
                samples.append(used)
            time.sleep(1)
        bench.program.owned.processes.remove(process)

    full_speed(bench, rows, 1, watch)
    if not samples:
        raise SystemExit(f"a backfill of {rows:,} rows is too short to look at its heap")
    bench.say(f"heap at {rows:,} rows: {statistics.median(samples):.1f} MiB, "
              f"{len(samples)} collections")
    return samples


# the comparison reads only, and holds no row lock: its batches may be big
COMPARE_BATCH = 100_000
COUNT = "SELECT count(*) FROM orders"
DIFFERING = "SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status)"
SNAPSHOT = "SELECT snapshot FROM backfill_run ORDER BY id DESC LIMIT 1"
SERIAL = "SET max_parallel_workers_per_gather = 0"


def parity(bench):
    """the comparison of every row against SELECT count(*), and against one SELECT that compares"""
    # a worker compares some million rows a second: fewer would measure its beginning
    rows = bench.options.rows * 8
    bench.postgres.copy(bench.template(rows, 1, filled=True), "compared")

    def select(statement, before="SELECT"):
        times = [bench.postgres.millis("compared", statement, before) for _ in range(3)]
        return rows * 1000 / statistics.median(times)

    def verify(workers, limit):
        bench.program.command("compared", "verify", **FULL_SPEED, BACKFILL_WORKERS=str(workers),
                              BACKFILL_BATCH_SIZE=str(COMPARE_BATCH), PARITY_SNAPSHOT_LIMIT=limit)
        seconds = bench.run_seconds("compared", "parity", rows)
        if bench.postgres.sql("compared", SNAPSHOT) != ("f" if limit == "0s" else "t"):
            raise SystemExit(f"with a limit of {limit} the run compared in the other mode")
        return rows / seconds

    found = bench.turns("parity", {
        "1 worker": lambda: verify(1, "0s"), "2 workers": lambda: verify(2, "0s"),
        "1 session": lambda: verify(1, "5M"), "2 sessions": lambda: verify(2, "5M"),
        "count": lambda: select(COUNT, SERIAL), "count, parallel": lambda: select(COUNT),
        "comparison": lambda: select(DIFFERING, SERIAL),
        "comparison, parallel": lambda: select(DIFFERING)})
    bench.postgres.drop("compared")
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
