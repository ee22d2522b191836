"""The packaged program as the bench starts it: as a command, and as an instance that serves."""
from __future__ import annotations

import base64
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.flags import FlagDirectory
from harness.postgres import Postgres
from harness.process_group import ProcessGroup, free_port
from harness.program import JAR, clean_environment

PASSWORD = "bench"


class Program:
    """Starts the program with the same JVM options each time, on databases of one server."""

    def __init__(self, processes: ProcessGroup, postgres: Postgres,
                 java_options: Sequence[str], jar: str = JAR) -> None:
        self.processes = processes
        self.postgres = postgres
        self._options = java_options
        self._java = ["java", *java_options, "-jar", jar]

    def of_build(self, jar: str) -> Program:
        """The same with the program of another build."""
        return Program(self.processes, self.postgres, self._options, jar)

    def run_command(self, database: str, *words: str, **settings: str) -> None:
        """Runs a command of the program; a failure is an error."""
        status = self.processes.wait(self.start(database, *words, **settings))
        if status != 0:
            raise HarnessError(f"{words} exited with {status}:\n" + self.log_tail(database))

    def start(self, database: str, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        env = clean_environment(**{"DATABASE_URL": self.postgres.url(database), **settings})
        with open(self._log_file(database), "ab") as log:
            return self.processes.start(
                [*self._java, *words], cwd=self.processes.directory, env=env, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)

    def serve(self, database: str, phase: int, **settings: str) -> Service:
        """Starts an instance and waits until it serves in that phase and is drained."""
        port = free_port()
        flags = FlagDirectory(os.path.join(self.processes.directory, f"flags_{port}"), phase)
        process = self.start(database, "serve", **{
            "QUARKUS_HTTP_PORT": str(port), "QUARKUS_HTTP_HOST": "127.0.0.1",
            "FLAGS_DIR": flags.directory, "OPERATOR_PASSWORD": PASSWORD, "MIGRATION_SOAK": "0s",
            "MIGRATION_AUTO_EXPAND": "true", **settings})
        service = Service(self, database, port, flags, process)
        service.await_phase(phase)
        return service

    def log_tail(self, database: str) -> str:
        with open(self._log_file(database), encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def _log_file(self, database: str) -> str:
        return os.path.join(self.processes.directory, f"{database}.log")


@dataclass(frozen=True)
class Service:
    """An instance of the program that serves."""

    program: Program
    database: str
    port: int
    flags: FlagDirectory
    process: subprocess.Popen[bytes]

    def advance_to(self, phase: int) -> None:
        """Takes each step from phase 1 to a later one, after the backfill that they need."""
        self.call("/migrations/orders-status/backfill", b'{"targetLoad":1}', operator=True)
        for each in range(2, phase + 1):
            self.flags.set_phase(each)
            self.await_phase(each)

    def needs_backfill(self, phase: int) -> bool:
        """Whether the step to that phase needs a backfill, forward or in reverse."""
        stale = self.program.postgres.sql(self.database, "SELECT old_stale FROM migration_state")
        return (phase, stale) == (1, "t") or (phase == 2 and self._read_phase() == "1 true")

    def await_phase(self, phase: int, after: float = 0) -> None:
        """Waits `after` seconds before the first query: a query is work too, which a measurement
        may not want."""
        time.sleep(after)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._is_serving() and self._read_phase() == f"{phase} true":
                return
            time.sleep(0.2)
        raise HarnessError(
            f"phase {phase} was not reached:\n" + self.program.log_tail(self.database))

    def _read_phase(self) -> str:
        """The phase, and whether it is drained."""
        return self.program.postgres.sql(
            self.database, "SELECT phase || ' ' || (drained_at IS NOT NULL) FROM migration_state"
                           " WHERE name = 'orders-status'")

    def _is_serving(self) -> bool:
        try:
            self.call("/health")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def call(self, path: str, body: bytes | None = None, operator: bool = False,
             method: str | None = None, idempotency_key: str | None = None) -> bytes:
        """Sends a request and gives the content of its response."""
        headers = {"Content-Type": "application/json"}
        if operator:
            credentials = base64.b64encode(f"operator:{PASSWORD}".encode()).decode()
            headers["Authorization"] = "Basic " + credentials
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            content: bytes = response.read()
        return content

    def write_token(self, body: bytes) -> str:
        """Creates an order, and gives the token by which a read shows it."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/orders", data=body,
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            token = response.headers.get("Write-Position")
        if token is None:
            raise HarnessError("the answer to a write has no token: are there replicas?")
        return str(token)

    def stop(self) -> None:
        self.program.processes.stop(self.process)


def heap_mib_after_gc(pid: int) -> float | None:
    """Used heap after a full collection; None once the process has ended."""
    heap_info = ""
    for command in ("GC.run", "GC.heap_info"):
        done = subprocess.run(["jcmd", str(pid), command], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return None
        heap_info = done.stdout
    used = re.search(r"used (\d+)K", heap_info)
    return int(used.group(1)) / 1024 if used else None
