"""The instructions of one write in the server, with a fence and without: the same on a busy
machine."""
from __future__ import annotations

import os
import re
import shutil
import subprocess

from harness.errors import HarnessError
from harness.postgres import as_user
from harness.process_group import output_of
from harness.program import ROOT

from . import fence
from .context import BenchContext
from .figure import Figure
from .orders import NO_SHARING

ROWS = 20_000
# what both counts share, the start and the plan, is in neither figure
COUNTS = (200, 1200)
TYPES = {
    "INSERT": "smallint, bigint, numeric, varchar",
    "UPDATE": "smallint, bigint, varchar",
    "keyed INSERT": "smallint, bigint, numeric, varchar, varchar, bytea, float8",
}
ARGUMENTS = {
    "INSERT": "1, {n}, 100, 'pending'",
    "UPDATE": "1, {n}, 'paid'",
    "keyed INSERT": "1, {n}, 100, 'pending', 'key {n}', '\\x5a', 86400",
}


def measure_instructions(bench: BenchContext) -> list[Figure]:
    """instructions of one write in the server, fence / no fence, counted by valgrind"""
    if shutil.which("valgrind") is None:
        raise HarnessError("the part instructions needs valgrind (Debian: valgrind)")
    service = bench.serve_phase(1, **NO_SHARING)
    captured = {name: bench.capture_statement(service, kind.pattern, kind.send)
                for name, kind in fence.KINDS.items()}
    bench.stop_services([service])
    server = SingleUserServer(bench)
    figures = []
    for name, text in captured.items():
        sides = fence.statements_of_sides(name, text)
        counts = {side: server.instructions(name, sides[side]) for side in ("fence", "plain")}
        bench.log(f"instructions of one {name}: {counts}")
        goal = 1.1 if name == "UPDATE" else None
        figures.append(Figure(f"instructions of one {name} in the server: fence / no fence", "",
                              [counts["fence"]], [counts["plain"]], goal, upper=True))
    return figures


class SingleUserServer:
    """A cluster of its own, each of whose runs is one process that reads statements by lines: no
    network, no other session, no wait for a commit."""

    def __init__(self, bench: BenchContext) -> None:
        self._binaries = os.path.join(bench.program.processes.directory, "pg", "bin")
        self._data = os.path.join(bench.program.processes.directory, "single")
        output_of(as_user(f"{self._binaries}/initdb", "-A", "trust", "-U", "postgres",
                          "-E", "UTF8", "--no-locale", "-D", self._data))
        self._run([], self._data, [
            *schema("initial/001-orders.sql"), *schema("initial/002-engine.sql"),
            *schema("expand/010-status-column.sql"), "UPDATE migration_state SET phase = 1",
            "INSERT INTO orders (user_id, amount, old_status)"
            f" SELECT n, n, 'PAID' FROM generate_series(1, {ROWS}) AS n", "VACUUM ANALYZE"])

    def instructions(self, kind: str, statement: str) -> float:
        fewer, more = (self._instructions_of(kind, statement, count) for count in COUNTS)
        return (more - fewer) / (COUNTS[1] - COUNTS[0])

    def _instructions_of(self, kind: str, statement: str, count: int) -> int:
        data = self._data + ".copy"
        shutil.copytree(self._data, data)
        text = self._run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], data,
            ["SET synchronous_commit = off", "SET plan_cache_mode = force_generic_plan",
             f"PREPARE measured ({TYPES[kind]}) AS {one_line(statement)}"]
            + [f"EXECUTE measured ({ARGUMENTS[kind].format(n=1 + n * 7919 % ROWS)})"
               for n in range(count)])
        shutil.rmtree(data)
        if text.count("json = ") != count:
            raise HarnessError(f"{kind}: not every statement wrote a row:\n{text[-2000:]}")
        return int(re.findall(r"Collected : (\d+)", text)[-1])

    def _run(self, before: list[str], data: str, lines: list[str]) -> str:
        done = subprocess.run(
            as_user(*before, f"{self._binaries}/postgres", "--single", "-D", data, "postgres"),
            input="\n".join(lines) + "\n", text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0 or "ERROR:" in done.stdout:
            raise HarnessError(f"postgres --single failed:\n{done.stdout[-2000:]}")
        return done.stdout


def schema(path: str) -> list[str]:
    """The statements of a changelog file, a line each."""
    with open(os.path.join(ROOT, "liquibase", path), encoding="utf-8") as file:
        text = "".join(line for line in file if not line.strip().startswith("--"))
    return [one_line(each) for each in text.split(";\n") if each.strip()]


def one_line(statement: str) -> str:
    return " ".join(statement.split())
