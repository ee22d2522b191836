"""The API of orders and the backfill of this build against those of another one."""
from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from harness.errors import HarnessError
from harness.program import JAR, ROOT

from .context import FULL_SPEED, BenchContext
from .figure import Figure
from .load_generators import Measurement
from .orders import rates_of
from .service import Program, Service

CALLS = {"POST /orders, keyed": "post.lua", "GET /orders/{id}": "get.lua"}
END = "this build / the other"


def measure_builds(bench: BenchContext) -> list[Figure]:
    """POST of keyed orders, GET, and a backfill of this build against the one in --other"""
    jar = os.path.join(bench.options.other or "", os.path.relpath(JAR, ROOT))
    if not os.path.exists(jar):
        raise HarnessError(f"{jar} is missing: run ./mvnw package -DskipTests there")
    programs = {"this": bench.program, "other": bench.program.of_build(jar)}
    for name, program in programs.items():
        # each build makes the schema that it knows
        bench.postgres.sql("postgres", f"CREATE DATABASE {name}_build")
        program.run_command(f"{name}_build", "expand")
        program.serve(f"{name}_build", 1).stop()
        bench.postgres.load_orders(f"{name}_build", bench.options.rows, 1)
    backfills: dict[str, Callable[[], float]] = {
        name: partial(backfill_rate, bench, name, program) for name, program in programs.items()}
    found = bench.measure_in_turns("builds", backfills)
    figures = [Figure(f"backfill, 1 worker, full speed, {END}", "rows/s",
                      found["this"], found["other"], 0.97)]
    services = {name: program.serve(f"{name}_build", 1) for name, program in programs.items()}
    for call, script in CALLS.items():
        for service in services.values():
            bench.warm_up(service, script, str(bench.options.rows))
        sides: dict[str, Callable[[], Measurement]] = {
            name: partial(request_rate, bench, service, script)
            for name, service in services.items()}
        measured = bench.measure_in_turns("builds", sides, bench.options.short_turns)
        figures.append(Figure(f"{call}, phase 1, {END}", "1/s", rates_of(measured["this"]),
                              rates_of(measured["other"]), 0.98))
    bench.stop_services(services.values())
    return figures


def backfill_rate(bench: BenchContext, name: str, program: Program) -> float:
    """Rows a second by the run's own clock."""
    bench.postgres.copy_database(f"{name}_build", "turn")
    program.run_command("turn", "backfill", **FULL_SPEED, BACKFILL_WORKERS="1",
                        BACKFILL_BATCH_SIZE=str(bench.options.batch))
    seconds = bench.last_run_seconds("turn", "forward", bench.options.rows)
    bench.postgres.drop_database("turn")
    return bench.options.rows / seconds


def request_rate(bench: BenchContext, service: Service, script: str) -> Measurement:
    bench.clear_keys(service.database)
    return bench.run_wrk(service.port, script, str(bench.options.rows),
                         seconds=bench.options.short_duration)
