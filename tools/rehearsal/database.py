"""The database to migrate, and a session that stays open."""
import os
import subprocess
import urllib.parse

from harness.process_group import output
from harness.postgres import LOAD

from .errors import Usage, Incomplete

FOUND = """
SELECT (to_regclass('orders') IS NOT NULL)::int, (to_regclass('migration_state') IS NOT NULL)::int
"""
STATE = """
SELECT count(*), coalesce(max(phase), 0), coalesce(max((contracted_at IS NOT NULL)::int), 0),
  (SELECT count(*) FROM migration_instance WHERE heartbeat_at > now() - interval '10 seconds')
FROM migration_state WHERE name = 'orders-status'
"""


class Database:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("postgresql", "postgres") or not parts.hostname:
            raise Usage("the URL must be postgresql://user:password@host:port/database")
        self.url = url
        self.environment = environment(parts)
        self.shown = f"{parts.hostname}:{parts.port or 5432}{parts.path}"

    def sql(self, statement):
        """Runs it to its end; the rows as text."""
        return output(PSQL, input=statement, env={**os.environ, **self.environment}).strip()

    def reach(self):
        try:
            return self.sql("SHOW server_version")
        except SystemExit as failure:
            raise Usage(f"{self.shown} cannot be reached: {failure}") from None

    def survey(self):
        """Whether there are orders; refuses a database in which a migration has begun."""
        orders, state = self.sql(FOUND).split("|")
        if state == "1":
            known, phase, contracted, live = map(int, self.sql(STATE).split("|"))
            if contracted or phase:
                raise Usage("the rehearsal begins in phase 0, but here the migration "
                            + ("is over" if contracted else f"is in phase {phase}"))
            if known and live:
                raise Usage(f"{live} instances of the service use this database: "
                            "rehearse on a copy of your own")
        return orders == "1" and self.sql("SELECT EXISTS (SELECT FROM orders)") == "t"

    def load(self, rows):
        self.sql(LOAD.format(rows=rows, columns="old_status", values="legacy"))
        self.settle()

    def settle(self):
        self.sql("VACUUM ANALYZE orders")


PSQL = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]


def environment(parts):
    """The URL for psql, such that no list of processes shows the password."""
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
    """One psql that is asked again and again. Not thread-safe."""

    END = "--end--"

    def __init__(self, owned, database):
        self.process = owned.start(
            PSQL, env={**os.environ, **database.environment}, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask(self, statement):
        """The rows, each a list of texts."""
        try:
            self.process.stdin.write(f"{statement};\n\\echo {self.END}\n")
            self.process.stdin.flush()
        except OSError:
            raise Incomplete("the database's session ended") from None
        lines = []
        for line in self.process.stdout:
            if line.strip() == self.END:
                return [row.split("|") for row in lines]
            lines.append(line.rstrip("\n"))
        raise Incomplete("the database's session ended: " + " ".join(lines)[-500:])
