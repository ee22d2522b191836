"""Requests of orders against pgbench, and against the same without sharing of statements."""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

from .context import BODY, BenchContext
from .figure import Figure
from .load_generators import KEYED_CREATE, READ, Measurement
from .service import Service

# without sharing a request sends the statement of one order, as pgbench does
NO_SHARING = {"ORDERS_SHARING_ENABLED": "false"}
KEYED_INSERT = "idempotency_key AS held"


def create_with_key(service: Service) -> None:
    service.call("/orders", BODY, idempotency_key=os.urandom(9).hex())


def read_order(service: Service) -> None:
    service.call("/orders/1")


def measure_phases(bench: BenchContext) -> list[Figure]:
    """POST of keyed orders in phases 0 to 3 against pgbench with the same statement"""
    scripts: dict[int, str] = {}
    services: dict[int, Service] = {}
    for phase in range(4):
        alone = bench.serve_phase(phase, **NO_SHARING)
        scripts[phase] = bench.captured_script(alone, KEYED_CREATE, KEYED_INSERT, create_with_key)
        alone.stop()
        services[phase] = bench.program.serve(alone.database, phase)

    def measure_pgbench(phase: int) -> Measurement:
        database = services[phase].database
        bench.clear_keys(database)
        return bench.run_pgbench(database, scripts[phase], KEYED_CREATE, phase=phase)

    def measure_service(phase: int) -> Measurement:
        bench.clear_keys(services[phase].database)
        found = bench.measure_requests(services[phase], "post.lua")
        bench.log(f"phase {phase}: {format_latencies(found)}")
        return found

    sides: dict[str, Callable[[], Measurement]] = {}
    for phase, service in services.items():
        bench.warm_up(service, "post.lua")
        sides[f"pgbench {phase}"] = partial(measure_pgbench, phase)
        sides[f"phase {phase}"] = partial(measure_service, phase)
    measured = bench.measure_in_turns("phases", sides)
    bench.stop_services(services.values())
    found = {name: rates_of(turns) for name, turns in measured.items()}
    against = [
        Figure(f"POST /orders, keyed, phase {phase} / pgbench, one order a transaction", "1/s",
               found[f"phase {phase}"], found[f"pgbench {phase}"], 1) for phase in range(4)]
    return against + [
        Figure(f"POST /orders, keyed, phase {phase} / phase 0", "1/s", found[f"phase {phase}"],
               found["phase 0"], 0.95 if phase == 1 else None) for phase in range(1, 4)] + [
        cpu_figure("POST /orders, keyed, in phase 1", measured["phase 1"])]


def measure_get(bench: BenchContext) -> list[Figure]:
    """GET of an order against pgbench with the same statement"""
    service = bench.serve_phase(1)
    rows = str(bench.options.rows)
    bench.warm_up(service, "get.lua", rows)
    script = bench.captured_script(
        service, READ, "LEFT JOIN orders AS o ON o.id = .1::bigint", read_order)

    def measure_service() -> Measurement:
        found = bench.measure_requests(service, "get.lua", rows)
        bench.log(format_latencies(found))
        return found

    sides: dict[str, Callable[[], Measurement]] = {
        "pgbench": partial(bench.run_pgbench, service.database, script, READ),
        "phase 1": measure_service,
        "health": partial(bench.run_wrk, service.port, "health.lua")}
    found = bench.measure_in_turns("get", sides)
    bench.stop_services([service])
    rates = {name: rates_of(turns) for name, turns in found.items()}
    return [Figure("GET /orders/{id}, phase 1 / pgbench", "1/s", rates["phase 1"],
                   rates["pgbench"], 1),
            Figure("the limit: GET /health, which sends no statement / pgbench", "1/s",
                   rates["health"], rates["pgbench"]),
            cpu_figure("GET /orders/{id}", found["phase 1"])]


def rates_of(turns: Sequence[Measurement]) -> list[float]:
    return [each["rate"] for each in turns]


def cpu_figure(call: str, turns: Sequence[Measurement]) -> Figure:
    return Figure(f"processor time of one {call}: service / PostgreSQL", "µs",
                  [each["service_us"] for each in turns], [each["server_us"] for each in turns])


def measure_single_client(bench: BenchContext) -> list[Figure]:
    """keyed POST and GET of one client, with and without sharing of statements"""
    shared = bench.serve_phase(1, ORDERS_SHARING_ENABLED="true")
    alone = bench.program.serve(shared.database, 1, **NO_SHARING)
    figures = []
    for call, script, arguments in (("POST /orders, keyed", "post.lua", []),
                                    ("GET /orders/{id}", "get.lua", [str(bench.options.rows)])):
        for service in (shared, alone):
            bench.warm_up(service, script, *arguments)
        sides: dict[str, Callable[[], Measurement]] = {
            name: partial(bench.run_wrk, service.port, script, *arguments, clients=1,
                          seconds=bench.options.short_duration)
            for name, service in (("shared", shared), ("alone", alone))}
        found = bench.measure_in_turns("lone", sides, bench.options.short_turns)
        figures += [
            Figure(f"{call}, 1 client, {name}, sharing on / off", "ms",
                   [each[name] for each in found["shared"]],
                   [each[name] for each in found["alone"]], goal, upper=True)
            for name, goal in (("p50", 1.05), ("p99", None))]
    alone.stop()
    bench.stop_services([shared])
    return figures


def format_latencies(found: Measurement) -> str:
    return ", ".join(f"{name} {found[name]:.1f} ms" for name in ("p50", "p95", "p99"))
