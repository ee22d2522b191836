"""Reads on a replica: what a token costs, and what a replica nearby is for."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.errors import HarnessError
from harness.postgres import Postgres, start_replica

from .context import BODY, BenchContext
from .delay_proxy import delayed
from .figure import Figure
from .load_generators import Measurement
from .orders import rates_of
from .service import Service

# one way, in seconds: two zones of a region
WAY = 0.00075


def measure_replicas(bench: BenchContext) -> list[Figure]:
    """GET on a replica with a token / without; with a replica nearby / a primary 1.5 ms away"""
    name = "replicated"
    bench.copy_template(name, bench.options.rows, 1)
    replica = start_replica(bench.program.processes, bench.postgres)
    try:
        return measure_token(bench, name, replica) + measure_distance(bench, name, replica)
    finally:
        bench.program.processes.stop(replica.process)


def measure_token(bench: BenchContext, name: str, replica: Postgres) -> list[Figure]:
    service = bench.program.serve(name, 1, READ_REPLICA_URL=replica.url(name))
    rows = str(bench.options.rows)
    bench.warm_up(service, "get.lua", rows)
    token = service.write_token(BODY)
    bench.warm_up(service, "get.lua", rows, token)
    sides: dict[str, Callable[[], Measurement]] = {
        "with": partial(bench.run_wrk, service.port, "get.lua", rows, token,
                        seconds=bench.options.short_duration),
        "without": partial(bench.run_wrk, service.port, "get.lua", rows,
                           seconds=bench.options.short_duration)}
    found = bench.measure_in_turns("token", sides, bench.options.short_turns)
    require_reads(service, ("any", "caught_up"))
    service.stop()
    return [Figure("GET /orders/{id} on a replica, with a token / without", "1/s",
                   rates_of(found["with"]), rates_of(found["without"]), 0.95)]


def measure_distance(bench: BenchContext, name: str, replica: Postgres) -> list[Figure]:
    rows = str(bench.options.rows)
    with delayed(bench.postgres.port, WAY) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{name}?sslmode=disable"
        services = {
            "nearby": bench.program.serve(
                name, 1, DATABASE_URL=url, READ_REPLICA_URL=replica.url(name)),
            "away": bench.program.serve(name, 1, DATABASE_URL=url)}
        for service in services.values():
            bench.warm_up(service, "get.lua", rows)
        sides: dict[str, Callable[[], Measurement]] = {
            side: partial(bench.run_wrk, service.port, "get.lua", rows, clients=1,
                          seconds=bench.options.short_duration)
            for side, service in services.items()}
        found = bench.measure_in_turns("distance", sides, bench.options.short_turns)
        require_reads(services["nearby"], ("any",))
        for service in services.values():
            service.stop()
    return [Figure(
        f"p50 of GET /orders/{{id}}, 1 client, primary {2000 * WAY:.1f} ms away, replica nearby / "
        "none", "ms", [each["p50"] for each in found["nearby"]],
        [each["p50"] for each in found["away"]], 0.5, upper=True)]


def require_reads(service: Service, reasons: tuple[str, ...]) -> None:
    """A replica has answered for each of these reasons, or the figure is of something else."""
    text = service.call("/q/metrics").decode()
    for reason in reasons:
        if not any(line.startswith("database_replica_reads_total") and f'"{reason}"' in line
                   and not line.endswith(" 0.0") for line in text.splitlines()):
            raise HarnessError(f"no replica has answered a read: {reason}")
