"""Writes under a key, some of them repeated, with Redis and without it."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial

from harness.errors import HarnessError
from harness.process_group import free_port

from .context import BenchContext
from .figure import Figure
from .load_generators import Measurement
from .service import Service

# of a hundred writes: none is repeated, some are, nearly all are
SHARES = (0, 10, 95)


def measure_replays(bench: BenchContext) -> list[Figure]:
    """keyed POST of which 0, 10 and 95 in 100 are repeated, with Redis / without it"""
    without = bench.serve_phase(1)
    redis, port = start_redis(bench)
    url = f"redis://127.0.0.1:{port}"
    with_redis = bench.program.serve(without.database, 1, REDIS_URL=url)
    for service in (without, with_redis):
        bench.warm_up(service, "replay.lua", "50")
    figures: list[Figure] = []
    for share in SHARES:
        figures += measure_share(bench, with_redis, without, share)
    figures += measure_lone(bench, with_redis, without)
    with_redis.stop()
    bench.stop_services([without])
    bench.program.processes.stop(redis)
    return figures


def start_redis(bench: BenchContext) -> tuple[subprocess.Popen[bytes], int]:
    if shutil.which("redis-server") is None:
        raise HarnessError("the part replays needs redis-server")
    port = free_port()
    process = bench.program.processes.start(
        ["redis-server", "--port", str(port), "--save", "", "--dir",
         bench.program.processes.directory], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.1)
    raise HarnessError("redis-server did not start")


def measure_share(bench: BenchContext, with_redis: Service, without: Service,
                  share: int) -> list[Figure]:
    def measure(service: Service) -> Measurement:
        bench.clear_keys(service.database)
        # the secret is in that table: the instance makes a new one within two looks
        time.sleep(3)
        return bench.measure_requests(service, "replay.lua", str(share))

    sides: dict[str, Callable[[], Measurement]] = {
        "with": partial(measure, with_redis), "without": partial(measure, without)}
    found = bench.measure_in_turns(f"replays {share}", sides)
    name = f"POST /orders, keyed, {share} of 100 repeated"
    return [
        Figure(f"{name}, {text}, with Redis / without", unit,
               [each[key] for each in found["with"]],
               [each[key] for each in found["without"]], upper=key != "rate")
        for key, text, unit in (
            ("rate", "requests", "1/s"), ("p50", "p50", "ms"),
            ("server_us", "processor time of PostgreSQL for one", "µs"),
            ("service_us", "processor time of the service for one", "µs"))]


def measure_lone(bench: BenchContext, with_redis: Service, without: Service) -> list[Figure]:
    """One client: what a round trip to Redis costs a new write, and saves a repeated one."""
    body = b'{"userId":7,"amount":100,"status":"pending"}'

    def median_millis(service: Service, repeated: bool) -> float:
        key = os.urandom(9).hex()
        service.call("/orders", body, idempotency_key=key)
        times = []
        for _ in range(bench.options.rate):
            before = time.perf_counter()
            service.call("/orders", body,
                         idempotency_key=key if repeated else os.urandom(9).hex())
            times.append((time.perf_counter() - before) * 1e3)
        return sorted(times)[len(times) // 2]

    figures = []
    for repeated, name in ((False, "new"), (True, "repeated")):
        sides: dict[str, Callable[[], float]] = {
            "with": partial(median_millis, with_redis, repeated),
            "without": partial(median_millis, without, repeated)}
        found = bench.measure_in_turns(f"lone {name}", sides)
        figures.append(Figure(f"POST /orders, keyed, {name}, 1 client, p50, with Redis / without",
                              "ms", found["with"], found["without"], upper=True))
    return figures
