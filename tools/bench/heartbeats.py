"""What a big fleet at rest costs the database."""
from __future__ import annotations

import time

from harness.errors import HarnessError

from . import load_generators
from .context import BenchContext
from .figure import Figure
from .load_generators import Parameters

INSTANCES = 200
DATABASE = "beats"
MIGRATIONS = "{orders-status}"
HEARTBEAT = Parameters(("migrations", "instance", "phases", "most", "version"),
                       f"\\set instance random(1, {INSTANCES})\n",
                       {"migrations": MIGRATIONS, "phases": "{1}", "most": 3, "version": "0.1.0"})
LAST_RUN = Parameters(("migrations", "limit"), "", {"migrations": MIGRATIONS, "limit": 1})
STATE = Parameters(("migrations",), "", {"migrations": MIGRATIONS})
# the statements of an instance at rest, each with a pattern that finds it
STATEMENTS = (("^INSERT INTO migration_instance", HEARTBEAT),
              ("FROM backfill_run r JOIN", LAST_RUN),
              ("cardinality.draining. AS draining", STATE))


def measure_heartbeats(bench: BenchContext) -> list[Figure]:
    """what 200 instances at rest, one heartbeat a second each, cost the database's processor"""
    bench.copy_template(DATABASE, min(bench.options.rows, 100_000), 1)
    service = bench.program.serve(DATABASE, 1)
    heartbeat, last_run, state = (
        load_generators.pgbench_script(await_statement(bench, pattern), parameters, 0)
        for pattern, parameters in STATEMENTS)
    service.stop()
    # each second the last run is read twice: to start the comparison that may be due, and to join
    scripts = {"beat": bench.write_script(heartbeat),
               "all": bench.write_script(heartbeat + last_run + state + last_run),
               "SELECT 1": bench.write_script("SELECT 1;\n")}
    parameters = Parameters((*HEARTBEAT.names, "limit"), "",
                            {**HEARTBEAT.constants, **LAST_RUN.constants})
    percents: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(bench.options.turns):
        for name, script in scripts.items():
            micros = micros_of_transaction(bench, script, parameters)
            percents[name].append(micros * INSTANCES / 1e6 * 100)
            bench.log(f"heartbeats: {name} {percents[name][-1]:.2f} % of a core")
    # without pauses: the processor's caches stay warm, and no session is woken up
    busy = [bench.run_pgbench(DATABASE, scripts["beat"], parameters)["cpu_us"] * INSTANCES / 1e4
            for _ in range(bench.options.turns)]
    bench.postgres.drop_database(DATABASE)
    whole = [100.0] * bench.options.turns
    return [
        Figure(f"{INSTANCES} heartbeats a second / one core", "%", percents["beat"], whole, 0.02,
               upper=True),
        Figure(f"the limit: {INSTANCES} SELECT 1 a second / one core", "%", percents["SELECT 1"],
               whole),
        Figure(f"{INSTANCES} heartbeats a second, at the cost of one on a busy server / one core",
               "%", busy, whole),
        Figure(f"all that {INSTANCES} instances at rest send each second / one core", "%",
               percents["all"], whole)]


def micros_of_transaction(bench: BenchContext, script: str, parameters: Parameters) -> float:
    """The server's CPU time of one transaction: the difference of a long and a short run, as the
    sessions of a fleet stay open."""
    short, long = (bench.run_pgbench(DATABASE, script, parameters, seconds, rate=INSTANCES)
                   for seconds in (max(2, bench.options.duration // 3), bench.options.duration))
    return ((long["cpu_us"] * long["done"] - short["cpu_us"] * short["done"])
            / (long["done"] - short["done"]))


def await_statement(bench: BenchContext, pattern: str) -> str:
    """The text of a statement that a timer sends, once it is the last one of some session."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return load_generators.find_statement(bench.postgres, DATABASE, pattern)
        except HarnessError:
            time.sleep(0.05)
    raise HarnessError(f"the service sends no statement like {pattern}")
