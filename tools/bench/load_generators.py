"""The two load generators, with one statement between them."""
import json
import os
import re
from dataclasses import dataclass

from harness.process_group import output

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass(frozen=True)
class Load:
    """What pgbench sends for the parameters $1, $2, ... of a statement, and how it makes them."""

    names: tuple
    prologue: str
    constants: dict

    def definitions(self, phase):
        constants = {**self.constants, "phase": phase}
        return [word for name in self.names if name in constants
                for word in ("-D", f"{name}={constants[name]}")]


USER = "\\set user random(1, 5000)\n"
CREATE = Load(("phase", "user", "amount", "status"), USER, {"amount": 100, "status": "pending"})
POST = Load(
    (*CREATE.names, "key", "fingerprint", "ttl"),
    USER + "\\set key random(100000000000000000, 999999999999999999)\n",
    {**CREATE.constants, "ttl": 86400, "fingerprint": "\\x" + "5a" * 32})
# a number is as good a status as any, and pgbench can make one up
PATCH = Load(("phase", "id", "status"),
             "\\set id random(1, {rows})\n\\set status random(1, 9)\n", {})
GET = Load(("id",), "\\set id random(1, {rows})\n", {})


def statement_of(postgres, database, pattern):
    """The very text that the service sent, as PostgreSQL saw it."""
    query = ("SELECT DISTINCT query FROM pg_stat_activity WHERE datname = current_database() "
             f"AND pid <> pg_backend_pid() AND query ~ '{pattern}' AND query !~ 'AS agree'")
    text = postgres.sql(database, query)
    if "$1" not in text:
        raise SystemExit(f"the service's statement was not found: {text!r}")
    return text


def script(text, load, rows):
    """The statement for pgbench: its variables are bound as parameters, as the service's are."""
    # a colon within a quoted format would be taken for a variable: the same constant, escaped
    text = re.sub(r"'[^'\n]*:[A-Z][^'\n]*'",
                  lambda quoted: "U&" + quoted.group(0).replace(":", "\\003A"), text)
    text = re.sub(r"\$(\d+)", lambda number: ":" + load.names[int(number.group(1)) - 1], text)
    return load.prologue.format(rows=rows) + text.strip() + ";\n"


def pgbench(postgres, database, path, load, connections, seconds, phase=1, rate=None,
            **settings):
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(connections),
               "-j", str(min(2, connections)), "-T", str(seconds), "-f", path,
               *(("-R", str(rate)) if rate else ()), *load.definitions(phase), *postgres.client(database)]
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    before = postgres.cpu_seconds()
    text = output(command, env={**os.environ, "PGOPTIONS": options})
    failed = re.search(r"number of failed transactions: (\d+)", text)
    if failed and int(failed.group(1)) > 0:
        raise SystemExit("pgbench had failures:\n" + text)
    done = int(re.search(r"transactions actually processed: (\d+)", text).group(1))
    return {"rate": float(re.search(r"tps = ([0-9.]+)", text).group(1)),
            "done": done, "cpu_us": (postgres.cpu_seconds() - before) * 1e6 / done}


def wrk(port, lua, connections, seconds, *arguments):
    result = run_wrk(port, lua, connections, seconds, *arguments)
    return {"rate": result["requests"] * 1e6 / result["micros"],
            **{p: result[p] / 1000 for p in ("p50", "p95", "p99")}}


def overload(port, connections, seconds, pause):
    """What is offered and what is accepted, a second; p99 of the accepted in ms."""
    result = run_wrk(port, "overload.lua", connections, seconds, str(pause))
    return {"offered": result["requests"] * 1e6 / result["micros"],
            "goodput": result["accepted"] * 1e6 / result["micros"], "p99": result["p99"] / 1000}


def run_wrk(port, lua, connections, seconds, *arguments):
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s",
               "--timeout", "10s", "-s", lua,
               f"http://127.0.0.1:{port}", "--", *arguments]
    text = output(command, cwd=os.path.join(HERE, "wrk"))
    result = json.loads(re.search(r"RESULT (\{.*\})", text).group(1))
    if result["failed"]:
        raise SystemExit(f"wrk had {result['failed']} failures:\n{text}")
    return result
