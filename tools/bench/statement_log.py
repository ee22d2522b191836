"""The statements that sessions of one database have sent, from the server's log."""
from __future__ import annotations

import os
import re
import time
from collections.abc import Collection

from harness.postgres import Postgres

# a statement and the literals of its parameters
SentStatement = tuple[str, list[str]]
# so long the server may take until its log has what was sent
WRITE_DELAY_SECONDS = 0.3


class StatementLog:
    def __init__(self, postgres: Postgres, database: str) -> None:
        self._path = postgres.log_file
        self._database = database
        self._offset = 0

    def skip(self) -> None:
        """Passes over what has been sent so far."""
        time.sleep(WRITE_DELAY_SECONDS)
        self._offset = os.path.getsize(self._path)

    def read(self, ignored: Collection[str] = frozenset()) -> list[SentStatement]:
        """What was sent since the last read or skip, without the ignored statements."""
        time.sleep(WRITE_DELAY_SECONDS)
        with open(self._path, encoding="utf-8", errors="replace") as file:
            file.seek(self._offset)
            text = file.read()
        self._offset += len(text.encode())
        found: list[SentStatement] = []
        for record in re.split(r"^@@\d+@@", text, flags=re.M):
            database, _, words = record.partition("@@")
            if database != self._database:
                continue
            sent = re.match(r"LOG:\s+(?:execute [^:]+|statement): (.*)", words, re.S)
            if sent:
                found.append((re.sub(r"\n\t", "\n", sent.group(1)).strip().rstrip(";"), []))
            elif found and re.match(r"DETAIL:\s+parameters:", words, re.I):
                found[-1] = (found[-1][0], re.findall(r"\$\d+ = ('(?:[^']|'')*'|NULL)", words))
        return [(statement, parameters) for statement, parameters in found
                if statement not in ignored]
