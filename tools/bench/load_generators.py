"""pgbench and wrk, and how a statement of the service becomes a script of pgbench."""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.json_object import JsonObject
from harness.postgres import Postgres
from harness.process_group import output_of

WRK_SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk")

# names and numbers of one turn: rate, percentiles in ms, and so on
Measurement = dict[str, float]


@dataclass(frozen=True)
class Parameters:
    """What pgbench sends for the parameters $1, $2, ... of a statement, and how it makes them."""

    names: tuple[str, ...]
    prologue: str
    constants: dict[str, int | str]

    def definitions(self, phase: int) -> list[str]:
        """The constants as arguments of pgbench."""
        constants = {**self.constants, "phase": phase}
        return [word for name in self.names if name in constants
                for word in ("-D", f"{name}={constants[name]}")]


RANDOM_USER = "\\set user random(1, 5000)\n"
CREATE = Parameters(("phase", "user", "amount", "status"), RANDOM_USER,
                    {"amount": 100, "status": "pending"})
KEYED_CREATE = Parameters(
    (*CREATE.names, "key", "fingerprint", "ttl"),
    RANDOM_USER + "\\set key random(100000000000000000, 999999999999999999)\n",
    {**CREATE.constants, "ttl": 86400, "fingerprint": "\\x" + "5a" * 32})
# a number serves as a status, and pgbench can make one up
UPDATE = Parameters(("phase", "id", "status"),
                    "\\set id random(1, {rows})\n\\set status random(1, 9)\n", {})
READ = Parameters(("id",), "\\set id random(1, {rows})\n", {})


def find_statement(postgres: Postgres, database: str, pattern: str) -> str:
    """The text of a statement that the service sent last in some session."""
    query = ("SELECT DISTINCT query FROM pg_stat_activity WHERE datname = current_database() "
             f"AND pid <> pg_backend_pid() AND query ~ '{pattern}' AND query !~ 'AS agree'")
    text = postgres.sql(database, query)
    if "$1" not in text:
        raise HarnessError(f"the service's statement was not found: {text!r}")
    return text


def pgbench_script(statement: str, parameters: Parameters, rows: int) -> str:
    """The statement for pgbench: its variables are bound as parameters, as the service's are."""
    # a colon within a quoted format would be taken for a variable: the same constant, escaped
    text = re.sub(r"'[^'\n]*:[A-Z][^'\n]*'",
                  lambda quoted: "U&" + quoted.group(0).replace(":", "\\003A"), statement)
    text = re.sub(r"\$(\d+)", lambda number: ":" + parameters.names[int(number.group(1)) - 1], text)
    return parameters.prologue.format(rows=rows) + text.strip() + ";\n"


def run_pgbench(postgres: Postgres, database: str, script: str, parameters: Parameters,
                connections: int, seconds: int, phase: int = 1, rate: int | None = None,
                **settings: str) -> Measurement:
    """Transactions a second, how many there were, and the server's CPU time of one in µs."""
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(connections),
               "-j", str(min(2, connections)), "-T", str(seconds), "-f", script,
               *(("-R", str(rate)) if rate else ()), *parameters.definitions(phase),
               *postgres.client_arguments(database)]
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    before = postgres.session_cpu_seconds()
    text = output_of(command, env={**os.environ, "PGOPTIONS": options})
    failed = re.search(r"number of failed transactions: (\d+)", text)
    if failed and int(failed.group(1)) > 0:
        raise HarnessError("pgbench had failures:\n" + text)
    done = int(_find(r"transactions actually processed: (\d+)", text))
    return {"rate": float(_find(r"tps = ([0-9.]+)", text)),
            "done": done, "cpu_us": (postgres.session_cpu_seconds() - before) * 1e6 / done}


def run_wrk(port: int, script: str, connections: int, seconds: int,
            *arguments: str) -> Measurement:
    """Requests a second, and percentiles of their latency in ms."""
    result = _run_wrk_script(port, script, connections, seconds, *arguments)
    return {"rate": result["requests"] * 1e6 / result["micros"],
            **{p: result[p] / 1000 for p in ("p50", "p95", "p99")}}


def run_wrk_overload(port: int, connections: int, seconds: int, pause_millis: int) -> Measurement:
    """Requests offered and accepted a second; p99 of the accepted ones in ms."""
    result = _run_wrk_script(port, "overload.lua", connections, seconds, str(pause_millis))
    return {"offered": result["requests"] * 1e6 / result["micros"],
            "goodput": result["accepted"] * 1e6 / result["micros"], "p99": result["p99"] / 1000}


def _run_wrk_script(port: int, script: str, connections: int, seconds: int,
                    *arguments: str) -> JsonObject:
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s",
               "--timeout", "10s", "-s", script,
               f"http://127.0.0.1:{port}", "--", *arguments]
    text = output_of(command, cwd=WRK_SCRIPTS)
    result: JsonObject = json.loads(_find(r"RESULT (\{.*\})", text))
    if result["failed"]:
        raise HarnessError(f"wrk had {result['failed']} failures:\n{text}")
    return result


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise HarnessError(f"{pattern} is missing in:\n{text}")
    return found.group(1)
