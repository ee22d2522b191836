"""What readers and writers notice of a step."""
import os
import statistics
import subprocess
import sys
import time

from . import load_generators as loads
from .report import Figure

ROAD = (1, 2, 3, 2, 1, 0)
# the seconds before a step that nothing else happens in
QUIET = 6
# of the second around a step, this lies before it
LEAD = 0.25
STEPS = """
SELECT extract(epoch FROM at), from_phase, to_phase FROM migration_history
WHERE kind = 'step' AND at > to_timestamp({}) ORDER BY id
"""
READY = """
SELECT (SELECT kind || ' ' || state FROM backfill_run ORDER BY id DESC LIMIT 1),
  EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('orders_status_idx') AND indisvalid)
"""


def step(bench):
    """latency at a constant rate while the phase goes 0 1 2 3 2 1 0, a turn each"""
    rows = min(bench.options.rows, 100_000)
    bench.postgres.copy(bench.template(rows, 0), "steps")
    service = bench.program.serve("steps", 0)
    bench.warm(service, "get.lua", str(rows))
    bench.warm(service, "post.lua")
    bench.fresh("steps")
    began = time.time()
    client = start(bench, service, rows)
    quiet = [walk(service, phase) for _ in range(bench.options.turns) for phase in ROAD]
    time.sleep(2)
    sent = requests(bench, client)
    steps = [line.split("|") for line in bench.postgres.sql("steps", STEPS.format(began)).split()]
    bench.stop([service])
    if len(steps) != len(quiet):
        raise SystemExit(f"{len(steps)} steps instead of {len(quiet)}")
    return figures(bench, sent, [(float(at), f"{a} -> {b}") for at, a, b in steps], quiet)


def start(bench, service, rows, *patched):
    log = open(os.path.join(bench.program.owned.directory, "constant_rate.log"), "wb")
    process = bench.program.owned.start(
        [sys.executable, "-m", "bench.constant_rate", str(service.port), str(bench.options.rate),
         "36000", str(rows), *patched], cwd=bench.program.owned.directory, stdout=log, stderr=subprocess.PIPE, text=True)
    process.log = log.name
    return process


def requests(bench, client):
    """Of each request when it was sent and how many milliseconds it took; all must have succeeded."""
    bench.program.owned.stop(client, seconds=60)
    if client.returncode != 0:
        raise SystemExit(f"the client ended: {client.stderr.read()}")
    with open(client.log, encoding="utf-8") as file:
        found = [line.split() for line in file]
    failed = [status for _, _, status in found if not status.startswith("2")]
    if failed:
        raise SystemExit(f"{len(failed)} requests failed, the first one with {failed[0]}")
    return [(float(sent), float(took)) for sent, took, _ in found]


def walk(service, phase):
    """One step, with what its gates ask for well before it; gives the seconds of quiet before."""
    work = "backfill" if service.needs_backfill(phase) else "parity" if phase == 3 else None
    if work:
        body = b'{"targetLoad":1}' if work == "backfill" else b""
        service.call(f"/migrations/orders-status/{work}", body, operator=True)
        deadline = time.monotonic() + 600
        while service.program.postgres.sql(service.database, READY) != "parity complete|t":
            if time.monotonic() > deadline:
                raise SystemExit(f"the {work} does not end")
            time.sleep(0.5)
    time.sleep(2)
    began = time.time()
    time.sleep(QUIET)
    ended = time.time()
    service.ask(phase)
    service.await_phase(phase, after=2)
    return began, ended


def figures(bench, sent, steps, quiet):
    slowest, before, without = [], [], []
    for (at, name), (began, ended) in zip(steps, quiet):
        within = millis(sent, at - LEAD, at - LEAD + 1)
        others = [millis(sent, began + n, began + n + 1) for n in range(int(ended - began))]
        slowest.append(max(within))
        before.append(percentile(sum(others, []), 0.99))
        without.append([max(other) for other in others])
        bench.say(f"step {name}: slowest of {len(within)} {slowest[-1]:.1f} ms; before p99 "
                  f"{before[-1]:.1f} ms, slowest of each second "
                  + ", ".join(f"{each:.1f}" for each in without[-1]))
    usual = [statistics.median(each) for each in without]
    worst = [max(each) for each in without]
    second = f"of a second ({bench.options.rate} requests)"
    return [
        Figure(f"slowest request {second} with a step / p99 of the {QUIET} seconds before", "ms",
               slowest, before, 1.5, upper=True, worst=True),
        Figure(f"slowest request {second} without a step / the same p99", "ms", usual, before),
        Figure(f"slowest request {second} with a step / without", "ms", slowest, usual, 1.5,
               upper=True),
        Figure(f"slowest request {second} with a step / of all {QUIET} seconds before", "ms",
               slowest, worst),
    ]


def millis(sent, since, until):
    return [took for at, took in sent if since <= at < until]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
