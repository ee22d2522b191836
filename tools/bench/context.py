"""What the parts share: databases, services, load, turns."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from harness.errors import HarnessError
from harness.machine import cpu_seconds
from harness.postgres import Postgres

from . import load_generators
from .load_generators import Measurement, Parameters
from .options import Options
from .service import Program, Service

FULL_SPEED = {"BACKFILL_TARGET_LOAD": "1", "BACKFILL_DELAY": "0ms"}
BODY = b'{"userId":1,"amount":100,"status":"paid"}'
LAST_RUN = """
SELECT state, scanned, extract(epoch FROM finished_at - started_at),
  (SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status))
FROM backfill_run WHERE kind = '{kind}' ORDER BY id DESC LIMIT 1
"""

Result = TypeVar("Result", float, Measurement)


class RunningService(Protocol):
    """The service, or another one that it is compared with."""

    @property
    def database(self) -> str: ...

    @property
    def port(self) -> int: ...

    def stop(self) -> None: ...


class BenchContext:
    """One run of the bench."""

    def __init__(self, postgres: Postgres, program: Program, options: Options) -> None:
        self.postgres = postgres
        self.program = program
        self.options = options
        self.notes: list[str] = []
        self._templates: set[str] = set()

    def log(self, text: str) -> None:
        print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)

    # databases

    def template_database(self, rows: int, phase: int, filled: bool = False) -> str:
        """A database in that phase with that many orders, made once; in phase 1 they are legacy."""
        name = f"template_{phase}_{rows}" + ("_filled" if filled else "")
        if name not in self._templates:
            self.log(f"makes {rows:,} orders in phase {phase}")
            self.postgres.sql("postgres", f"CREATE DATABASE {name}")
            self.program.run_command(name, "expand")
            service = self.program.serve(name, min(phase, 1))
            if phase > 1:
                service.advance_to(phase)
            service.stop()
            self.postgres.load_orders(name, rows, phase, filled)
            self._templates.add(name)
        return name

    def copy_template(self, database: str, rows: int, phase: int, filled: bool = False) -> None:
        self.postgres.copy_database(self.template_database(rows, phase, filled), database)

    def last_run_seconds(self, database: str, kind: str, rows: int) -> float:
        """How long the last run took by its own clock; it must have scanned all rows, and both
        columns must agree."""
        state, scanned, seconds, left = self.postgres.sql(
            database, LAST_RUN.format(kind=kind)).split("|")
        if (state, int(scanned), int(left)) != ("complete", rows, 0):
            raise HarnessError(f"the run is {state}: {scanned} of {rows} rows, {left} disagree")
        return float(seconds)

    def clear_keys(self, database: str, table: str = "idempotency_key") -> None:
        """Empties the table of keys, so that a turn inherits neither keys nor dirty pages."""
        self.postgres.sql(database, f"TRUNCATE {table}")
        self.postgres.vacuum_and_checkpoint(database)

    # services

    def serve_phase(self, phase: int, **settings: str) -> Service:
        """Starts an instance on a database of its own."""
        name = f"requests_{phase}"
        self.copy_template(name, self.options.rows, phase)
        return self.program.serve(name, phase, **settings)

    def stop_services(self, services: Iterable[RunningService]) -> None:
        """Stops them and drops their databases."""
        for service in services:
            service.stop()
            self.postgres.drop_database(service.database)

    def warm_up(self, service: RunningService, script: str, *arguments: str) -> None:
        self.log(f"warms {service.database} up for {self.options.warmup} s")
        load_generators.run_wrk(service.port, script, self.options.clients, self.options.warmup,
                                *arguments)

    # load

    def capture_statement(self, service: Service, pattern: str,
                          send: Callable[[Service], object]) -> str:
        """The text of the statement that the service sends for a request."""
        for _ in range(self.options.connections):
            send(service)
        return load_generators.find_statement(self.postgres, service.database, pattern)

    def captured_script(self, service: Service, parameters: Parameters, pattern: str,
                        send: Callable[[Service], object]) -> str:
        """The path of a pgbench script with the statement that the service sends."""
        statement = self.capture_statement(service, pattern, send)
        return self.write_script(
            load_generators.pgbench_script(statement, parameters, self.options.rows))

    def write_script(self, text: str) -> str:
        path = os.path.join(self.program.processes.directory, f"{abs(hash(text))}.sql")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_pgbench(self, database: str, script: str, parameters: Parameters,
                    seconds: int | None = None, phase: int = 1, rate: int | None = None,
                    **settings: str) -> Measurement:
        return load_generators.run_pgbench(
            self.postgres, database, script, parameters, self.options.connections,
            seconds or self.options.duration, phase, rate, **settings)

    def run_wrk(self, port: int, script: str, *arguments: str, clients: int | None = None,
                seconds: int | None = None) -> Measurement:
        return load_generators.run_wrk(port, script, clients or self.options.clients,
                                       seconds or self.options.duration, *arguments)

    def measure_requests(self, service: Service, script: str, *arguments: str) -> Measurement:
        """As run_wrk, with the processor time of a request in µs: the service's and
        PostgreSQL's."""
        before = cpu_seconds(service.process.pid), self.postgres.cpu_seconds()
        found = self.run_wrk(service.port, script, *arguments)
        after = cpu_seconds(service.process.pid), self.postgres.cpu_seconds()
        requests = found["rate"] * self.options.duration
        return {**found, "service_us": (after[0] - before[0]) * 1e6 / requests,
                "server_us": (after[1] - before[1]) * 1e6 / requests}

    # turns

    def measure_in_turns(self, part: str, sides: Mapping[str, Callable[[], Result]],
                         count: int | None = None) -> dict[str, list[Result]]:
        """Measures every side once a turn; each turn begins with another side."""
        names = list(sides)
        found: dict[str, list[Result]] = {name: [] for name in names}
        for turn in range(count or self.options.turns):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                result = sides[name]()
                found[name].append(result)
                self.log(f"{part} turn {turn + 1}: {name} {_format_result(result)}")
        return found


def _format_result(result: float | Measurement) -> str:
    if isinstance(result, dict):
        return ", ".join(f"{name} {each:,.2f}" for name, each in result.items())
    return f"{result:,.0f}/s"
