"""The database to migrate, and a session that stays open."""
from __future__ import annotations

import contextlib
import os
import subprocess
import urllib.parse

from harness.errors import HarnessError
from harness.postgres import LOAD_ORDERS
from harness.process_group import ProcessGroup, output_of

from .errors import MigrationIncompleteError, UsageError

STATE = """
SELECT count(*), coalesce(max(phase), 0), coalesce(max((contracted_at IS NOT NULL)::int), 0),
  (SELECT count(*) FROM migration_instance WHERE heartbeat_at > now() - interval '10 seconds')
FROM migration_state WHERE name = {migration}
"""
# a notice among the rows would be read as one
NO_NOTICES = "-c client_min_messages=error"
PSQL = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]


class Database:
    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("postgresql", "postgres") or not parts.hostname:
            raise UsageError("the URL must be postgresql://user:password@host:port/database")
        self.url = url
        self.shown = f"{parts.hostname}:{parts.port or 5432}{parts.path}"
        self._environment = psql_environment(parts)

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self._environment}

    def sql(self, statement: str) -> str:
        """The rows as text."""
        return output_of(PSQL, stdin=statement, env=self.environment()).strip()

    def read_version(self) -> str:
        try:
            return self.sql("SHOW server_version")
        except HarnessError as failure:
            raise UsageError(f"{self.shown} cannot be reached: {failure}") from None

    def require_unmigrated(self, migration: str) -> None:
        """Refuses a database in which the migration has begun, or that instances use."""
        if self.has_table("migration_state"):
            text = self.sql(STATE.format(migration=sql_literal(migration)))
            known, phase, contracted, live = map(int, text.split("|"))
            if contracted or phase:
                raise UsageError("the rehearsal begins in phase 0, but here the migration "
                                 + ("is over" if contracted else f"is in phase {phase}"))
            if known and live:
                raise UsageError(f"{live} instances of the service use this database: "
                                 "rehearse on a copy of your own")

    def has_rows(self, table: str) -> bool:
        return self.has_table(table) and self.sql(f"SELECT EXISTS (SELECT FROM {table})") == "t"

    def count_rows(self, table: str) -> int:
        return int(self.sql(f"SELECT count(*) FROM {table}"))

    def load_orders(self, rows: int) -> None:
        self.sql(LOAD_ORDERS.format(rows=rows, columns="old_status", values="legacy"))
        self.sql("VACUUM ANALYZE orders")

    def has_table(self, table: str) -> bool:
        return self.sql(f"SELECT to_regclass({sql_literal(table)}) IS NOT NULL") == "t"


def sql_literal(text: str) -> str:
    """A text without backslashes, as SQL reads it."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def psql_environment(parts: urllib.parse.SplitResult) -> dict[str, str]:
    """The URL as variables of psql, so that no list of processes shows the password."""
    query = dict(urllib.parse.parse_qsl(parts.query))
    user = urllib.parse.unquote(parts.username or "postgres")
    values = {
        "PGHOST": parts.hostname, "PGPORT": str(parts.port or 5432), "PGUSER": user,
        "PGPASSWORD": urllib.parse.unquote(parts.password) if parts.password else None,
        "PGDATABASE": urllib.parse.unquote(parts.path.lstrip("/")) or user,
        "PGSSLMODE": query.get("sslmode"), "PGSSLROOTCERT": query.get("sslrootcert"),
        "PGOPTIONS": query.get("options"),
    }
    return {name: value for name, value in values.items() if value is not None}


class Session:
    """One psql that runs many statements. Not thread-safe."""

    END = b"--end--"

    def __init__(self, processes: ProcessGroup, database: Database, name: str = "rehearsal",
                 options: str = "") -> None:
        """`options` are the server's, `-c statement_timeout=1000` for one."""
        env = database.environment()
        env.update(PGAPPNAME=name, PGCONNECT_TIMEOUT="10",
                   PGOPTIONS=f"{env.get('PGOPTIONS', '')} {NO_NOTICES} {options}".strip())
        process = processes.start(PSQL, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        if process.stdin is None or process.stdout is None:
            raise HarnessError("psql has no pipes")
        self._processes, self._process = processes, process
        self._stdin, self._stdout = process.stdin, process.stdout

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._processes.stop(self._process)
        self._stdout.close()

    def query(self, statement: str) -> list[list[str]]:
        """The rows, each a list of texts."""
        return [line.split("|") for line in self.lines(statement)]

    def lines(self, statement: str) -> list[str]:
        """The rows as psql prints them."""
        try:
            self._stdin.write(f"{statement};\n\\echo {self.END.decode()}\n".encode())
            self._stdin.flush()
        except OSError:
            raise MigrationIncompleteError("the database's session ended") from None
        return self._lines_of_result()

    def _lines_of_result(self) -> list[str]:
        lines: list[str] = []
        for line in self._stdout:
            if line.strip() == self.END:
                return lines
            lines.append(line.decode().rstrip("\n"))
        raise MigrationIncompleteError(
            "the database's session ended: " + " ".join(lines)[-500:])
