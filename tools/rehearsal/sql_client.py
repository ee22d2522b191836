"""Sends statements of SQL by a psql of its own, as a writer does that psql stands for."""
from __future__ import annotations

from dataclasses import dataclass, field

from harness.process_group import ProcessGroup

from .client import REQUEST_SECONDS, Answer
from .database import Database, Session
from .errors import MigrationIncompleteError
from .script import Statement

# a fenced write that finds another phase writes nothing, and is sent again
ATTEMPTS = 10
TIMEOUTS = f"-c statement_timeout={REQUEST_SECONDS * 1000}"


@dataclass
class SqlClient:
    processes: ProcessGroup
    database: Database
    _session: Session | None = field(default=None, init=False)

    def send(self, statement: Statement, key: str, value: str) -> Answer:
        """A write gives a row if it wrote one, a read the value; it is the first line of what
        psql prints."""
        text = f"\\set key {_psql_word(key)}\n\\set value {_psql_word(value)}\n{statement.text}\n"
        attempts = 1 if statement.kind == "read" else ATTEMPTS
        try:
            for _ in range(attempts):
                lines = self._open().lines(text)
                if lines:
                    first = lines[0]
                    return Answer(key=first) if statement.kind == "create" else Answer(
                        value=first if statement.kind == "read" else None)
        except MigrationIncompleteError as failure:
            # psql ends with the first error, and with it the transaction
            self.close()
            return Answer(error=str(failure))
        if statement.kind == "read":
            return Answer(found=False)
        return Answer(error=f"gave no row in {ATTEMPTS} attempts, so it wrote none")

    def close(self) -> None:
        if self._session:
            self._session.close()
            self._session = None

    def _open(self) -> Session:
        if self._session is None:
            self._session = Session(self.processes, self.database, "rehearsal traffic", TIMEOUTS)
        return self._session


def _psql_word(text: str) -> str:
    """As \\set reads it."""
    quoted = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{quoted}'"
