"""The database to migrate, and a session that stays open."""
from __future__ import annotations

import os
import subprocess
import urllib.parse

from harness.errors import HarnessError
from harness.postgres import LOAD_ORDERS
from harness.process_group import ProcessGroup, output_of

from .errors import MigrationIncompleteError, UsageError

TABLES = """
SELECT (to_regclass('orders') IS NOT NULL)::int, (to_regclass('migration_state') IS NOT NULL)::int
"""
STATE = """
SELECT count(*), coalesce(max(phase), 0), coalesce(max((contracted_at IS NOT NULL)::int), 0),
  (SELECT count(*) FROM migration_instance WHERE heartbeat_at > now() - interval '10 seconds')
FROM migration_state WHERE name = 'orders-status'
"""
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

    def require_unmigrated(self) -> None:
        """Refuses a database in which a migration has begun, or that instances use."""
        if self._has_tables()[1]:
            known, phase, contracted, live = map(int, self.sql(STATE).split("|"))
            if contracted or phase:
                raise UsageError("the rehearsal begins in phase 0, but here the migration "
                                 + ("is over" if contracted else f"is in phase {phase}"))
            if known and live:
                raise UsageError(f"{live} instances of the service use this database: "
                                 "rehearse on a copy of your own")

    def has_orders(self) -> bool:
        return self._has_tables()[0] and self.sql("SELECT EXISTS (SELECT FROM orders)") == "t"

    def count_orders(self) -> int:
        return int(self.sql("SELECT count(*) FROM orders"))

    def load_orders(self, rows: int) -> None:
        self.sql(LOAD_ORDERS.format(rows=rows, columns="old_status", values="legacy"))
        self.sql("VACUUM ANALYZE orders")

    def _has_tables(self) -> tuple[bool, bool]:
        """Whether there are the table of orders and the state of the migration."""
        orders, state = self.sql(TABLES).split("|")
        return orders == "1", state == "1"


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

    def __init__(self, processes: ProcessGroup, database: Database) -> None:
        process = processes.start(
            PSQL, env=database.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if process.stdin is None or process.stdout is None:
            raise HarnessError("psql has no pipes")
        self._stdin, self._stdout = process.stdin, process.stdout

    def query(self, statement: str) -> list[list[str]]:
        """The rows, each a list of texts."""
        try:
            self._stdin.write(f"{statement};\n\\echo {self.END.decode()}\n".encode())
            self._stdin.flush()
        except OSError:
            raise MigrationIncompleteError("the database's session ended") from None
        return [line.split("|") for line in self._lines_of_result()]

    def _lines_of_result(self) -> list[str]:
        lines: list[str] = []
        for line in self._stdout:
            if line.strip() == self.END:
                return lines
            lines.append(line.decode().rstrip("\n"))
        raise MigrationIncompleteError(
            "the database's session ended: " + " ".join(lines)[-500:])
