"""The service against a plain one on Express and pg."""
from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial

from harness.errors import HarnessError
from harness.process_group import ProcessGroup, await_port, free_port, output_of
from harness.program import clean_environment

from .context import BenchContext, RunningService
from .figure import Figure
from .orders import format_latencies

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer")
DATABASE = "peer"


@dataclass(frozen=True)
class PeerService:
    """The service that a team would write without this project, with as many connections."""

    processes: ProcessGroup
    database: str
    port: int
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.processes.stop(self.process)


def start_peer(bench: BenchContext) -> PeerService:
    if shutil.which("npm") is None:
        raise HarnessError("npm is missing; on Debian or Ubuntu: apt-get install npm")
    processes = bench.program.processes
    directory = os.path.join(processes.directory, "peer")
    shutil.copytree(SOURCES, directory, dirs_exist_ok=True)
    if not os.path.exists(os.path.join(directory, "node_modules")):
        bench.log("npm install")
        output_of(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=directory)
    bench.postgres.sql("postgres", f"CREATE DATABASE {DATABASE}")
    with open(os.path.join(directory, "schema.sql"), encoding="utf-8") as schema:
        bench.postgres.sql(DATABASE, schema.read())
    bench.postgres.load_orders(DATABASE, bench.options.rows, 1)
    port = free_port()
    with open(os.path.join(processes.directory, "peer.log"), "wb") as log:
        process = processes.start(
            ["node", "server.js"], cwd=directory, stdout=log, stderr=log,
            env=clean_environment(NODE_ENV="production", PORT=str(port),
                                  POOL=str(bench.options.connections),
                                  DATABASE_URL=bench.postgres.url(DATABASE),
                                  DUAL_WRITE="true", WRITE_TO_NEW="true", READ_FROM_NEW="false"))
    await_port(port, process)
    return PeerService(processes, DATABASE, port, process)


def measure_against_peer(bench: BenchContext) -> list[Figure]:
    """POST of keyed orders in phase 1 against a plain service on Express and pg"""
    service = bench.serve_phase(1)
    other = start_peer(bench)
    for each in (service, other):
        bench.warm_up(each, "post.lua")

    def request_rate(each: RunningService, keys: str) -> float:
        bench.clear_keys(each.database, keys)
        found = bench.run_wrk(each.port, "post.lua")
        bench.log(format_latencies(found))
        return found["rate"]

    found = bench.measure_in_turns("peer", {
        "service": partial(request_rate, service, "idempotency_key"),
        "peer": partial(request_rate, other, "idempotency_keys")})
    bench.stop_services([service, other])
    return [Figure(f"POST /orders, keyed, phase 1, {bench.options.clients} clients / Express and "
                   "pg, one process", "1/s", found["service"], found["peer"], 5)]
