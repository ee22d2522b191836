"""Hard conditions: a client that holds a row, and a big fleet at rest."""
import subprocess
import time

from . import load_generators as loads
from .report import Figure
from .steps import percentile, requests, start

HELD = 900
HOLD = f"BEGIN; UPDATE orders SET amount = amount WHERE id = {HELD};"
HOLDS = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
RUN = """
SELECT count(*) FROM backfill_progress WHERE range_no >= 1000000 OR scanned > 0
"""


def holder(bench):
    """writers' p99 beside a client that holds a row, with a backfill / without one"""
    rows = bench.options.rows
    found = {"with": [], "without": []}
    for turn in range(bench.options.turns):
        bench.postgres.copy(bench.template(rows, 1), "held")
        service = bench.program.serve("held", 1)
        bench.warm(service, "post.lua")
        bench.fresh("held")
        client = subprocess.Popen(
            ["psql", "-Xq", *bench.postgres.client("held")], stdin=subprocess.PIPE, text=True)
        client.stdin.write(HOLD + "\n")
        client.stdin.flush()
        await_holder(bench)
        for side in (("without", "with"), ("with", "without"))[turn % 2]:
            found[side].append(writers(bench, service, rows, side == "with"))
            bench.say(f"holder turn {turn + 1}: {side} a backfill, p99 {found[side][-1]:.2f} ms")
        client.communicate("ROLLBACK;\n")
        bench.stop([service])
    return [Figure(
        f"p99 of PATCH ({bench.options.rate} requests a second) while a client holds a row, with "
        "a backfill at its default pace / without", "ms", found["with"], found["without"], 1.1,
        upper=True)]


def await_holder(bench):
    deadline = time.monotonic() + 30
    while bench.postgres.sql("held", HOLDS) == "0":
        if time.monotonic() > deadline:
            raise SystemExit("the row is not held")
        time.sleep(0.1)


def writers(bench, service, rows, filling):
    path = "/migrations/orders-status/backfill"
    if filling:
        service.call(path, b"{}", operator=True)
    client = start(bench, service, rows, str(HELD + 1))
    time.sleep(bench.options.duration)
    took = [millis for _, millis in requests(bench, client)]
    if filling:
        if bench.postgres.sql("held", RUN) == "0":
            raise SystemExit("the backfill did nothing")
        service.call(path + "/cancel", b"", operator=True)
    return percentile(took, 0.99)


INSTANCES = 200
BEAT = loads.Load(("migration", "instance", "phase", "most", "version"),
                  f"\\set instance random(1, {INSTANCES})\n",
                  {"migration": "orders-status", "most": 3, "version": "0.1.0"})
LOOK = loads.Load(("migration", "limit"), "", {"migration": "orders-status", "limit": 1})
STATE = loads.Load(("migration",), "", {"migration": "orders-status"})


def heartbeats(bench):
    """what 200 instances at rest, one beat a second each, cost the database's processor"""
    bench.postgres.copy(bench.template(min(bench.options.rows, 100_000), 1), "beats")
    service = bench.program.serve("beats", 1)
    texts = [loads.script(caught(bench, pattern), load, 0) for pattern, load in (
        ("^INSERT INTO migration_instance", BEAT), ("FROM backfill_run r JOIN", LOOK),
        ("cardinality.draining. AS draining", STATE))]
    bench.program.owned.stop(service.process)
    beat = bench.script(texts[0])
    # the state and the last run for the comparison that may be due, the last run to join it
    all_of_it = bench.script("".join(texts) + texts[1])
    load = loads.Load((*BEAT.names, "limit"), "", {**BEAT.constants, **LOOK.constants})
    cores = {name: [] for name in ("beat", "all")}
    for _ in range(bench.options.turns):
        for name, script in (("beat", beat), ("all", all_of_it)):
            cores[name].append(running(bench, script, load) * INSTANCES / 1e6 * 100)
            bench.say(f"heartbeats: {name} {cores[name][-1]:.2f} % of a core")
    bench.postgres.drop("beats")
    whole = [100.0] * bench.options.turns
    return [
        Figure(f"{INSTANCES} heartbeats a second / one core", "%", cores["beat"], whole, 0.02,
               upper=True),
        Figure(f"all that {INSTANCES} instances at rest send each second / one core", "%",
               cores["all"], whole)]


def running(bench, script, load):
    """Microseconds of the server a transaction: the difference of a long and a short run, as the
    sessions of a fleet do not begin anew."""
    short, long = (bench.pgbench("beats", script, load, seconds, rate=INSTANCES)
                   for seconds in (max(2, bench.options.duration // 3), bench.options.duration))
    return ((long["cpu_us"] * long["done"] - short["cpu_us"] * short["done"])
            / (long["done"] - short["done"]))


def caught(bench, pattern):
    """The very text of a statement that a timer sends: the last one of some session."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return loads.statement_of(bench.postgres, "beats", pattern)
        except SystemExit:
            time.sleep(0.05)
    raise SystemExit(f"the service sends no statement like {pattern}")
