"""The two load generators, with one statement between them."""
import json
import os
import re

from .owned import output

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FINGERPRINT = "\\\\x" + "5a" * 32

# what pgbench sends for the parameters of each statement, and how it makes them
POST = (
    ["phase", "user", "amount", "status", "key", "fingerprint", "ttl"],
    "\\set user random(1, 5000)\n\\set key random(100000000000000000, 999999999999999999)\n",
    ["-D", "phase=1", "-D", "amount=100", "-D", "status=pending", "-D", "ttl=86400",
     "-D", "fingerprint=" + FINGERPRINT.replace("\\\\", "\\")],
)
GET = (["id"], "\\set id random(1, {rows})\n", [])


def statement_of(postgres, database, pattern):
    """The very text that the service sent, as PostgreSQL saw it."""
    query = ("SELECT DISTINCT query FROM pg_stat_activity WHERE datname = current_database() "
             f"AND pid <> pg_backend_pid() AND query ~ '{pattern}' AND query !~ 'AS agree'")
    text = postgres.sql(database, query)
    if "$1" not in text:
        raise SystemExit(f"the service's statement was not found: {text!r}")
    return text


def script(text, kind, rows):
    """The statement for pgbench: its variables are bound as parameters, as the service's are."""
    names, prologue, _ = kind
    # a colon within a quoted format would be taken for a variable: the same constant, escaped
    text = re.sub(r"'[^'\n]*:[A-Z][^'\n]*'",
                  lambda quoted: "U&" + quoted.group(0).replace(":", "\\003A"), text)
    text = re.sub(r"\$(\d+)", lambda number: ":" + names[int(number.group(1)) - 1], text)
    return prologue.format(rows=rows) + text.strip() + ";\n"


def pgbench(postgres, database, path, kind, connections, seconds):
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j", "2",
               "-T", str(seconds), "-f", path, *kind[2], *postgres.client(database)]
    text = output(command)
    failed = re.search(r"number of failed transactions: (\d+)", text)
    if failed and int(failed.group(1)) > 0:
        raise SystemExit("pgbench had failures:\n" + text)
    return {"rate": float(re.search(r"tps = ([0-9.]+)", text).group(1))}


def wrk(port, lua, connections, seconds, *arguments):
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", lua,
               f"http://127.0.0.1:{port}", "--", *arguments]
    text = output(command, cwd=HERE)
    result = json.loads(re.search(r"RESULT (\{.*\})", text).group(1))
    if result["failed"]:
        raise SystemExit(f"wrk had {result['failed']} failures:\n{text}")
    return {"rate": result["requests"] * 1e6 / result["micros"],
            **{p + "_ms": result[p] / 1000 for p in ("p50", "p95", "p99")}}
