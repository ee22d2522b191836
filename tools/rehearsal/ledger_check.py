"""Reads the keys of the ledger from the table, by one statement for all of them."""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .database import Session
from .ledger import Ledger, shown
from .script import Script

# of the rows that are there before the traffic
MOST_ROWS = 20_000
# its statements read the whole table at worst
TIMEOUTS = "-c statement_timeout=300s"
# a write in flight is answered within it, or its outcome is unknown
WRITE_SECONDS = 30
COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})

# random() and no TABLESAMPLE: every kind of table has it
ROWS = """
SELECT json_build_array(({key})::text, ({old})::text) FROM {table}
WHERE random() < {most} / {rows}::float LIMIT {most}
"""
# the key has the type of the table's, so that its index serves
TEMPORARY = """
CREATE TEMPORARY TABLE IF NOT EXISTS rehearsal_ledger AS
  SELECT ({key}) AS key, ''::text AS value FROM {table} WHERE false;
TRUNCATE rehearsal_ledger;
COPY rehearsal_ledger FROM STDIN;
"""
DIFFERENT = """
SELECT json_build_array(l.key::text, t.key IS NOT NULL, t.value)
FROM rehearsal_ledger AS l
LEFT JOIN (SELECT ({key}) AS key, ({side})::text AS value FROM {table}) AS t ON t.key = l.key
WHERE t.key IS NULL OR t.value IS DISTINCT FROM l.value
"""


class Found(NamedTuple):
    """A key, what the ledger says of it, and what the table has."""

    key: str
    promise: str
    text: str

    def __str__(self) -> str:
        return f"{self.key} ({self.promise}, there is {self.text})"


@dataclass(frozen=True)
class LedgerCheck:
    """`session` is its own: it has a temporary table."""

    session: Session
    script: Script
    ledger: Ledger

    def load(self) -> int:
        """Takes rows of the table into the ledger, before the traffic; gives how many rows the
        table has."""
        rows = int(self.session.query(f"SELECT count(*) FROM {self.script.table}")[0][0])
        text = self.session.lines(ROWS.format(
            key=self.script.key, old=self.script.old, table=self.script.table,
            most=MOST_ROWS, rows=max(1, rows)))
        self.ledger.load((key, value) for key, value in map(json.loads, text))
        return rows

    def check(self, phase: int) -> int:
        """Compares every key with the side that is authoritative in the phase in force; gives how
        many differ."""
        self.ledger.count_checks(len(self.ledger.entries()))
        found = self.differences(phase)
        side = "new" if phase > 1 else "old"
        for key, promise, text in found:
            self.ledger.record_difference(
                key, f"{promise}, the {side} side has {text} in phase {phase}")
        return len(found)

    def differences(self, phase: int) -> list[Found]:
        """What the side that is authoritative in a phase lacks. Writes go on: a key that seems to
        differ is read again while no write of it is in flight."""
        suspects = set(self._different(phase, self.ledger.entries()))
        entries = {entry.key: entry for entry in self.ledger.hold(suspects, WRITE_SECONDS)}
        try:
            again = self._different(phase, ((e.key, e.value) for e in entries.values()))
            return [Found(key, entries[key].promise(), text) for key, text in again.items()]
        finally:
            self.ledger.release(suspects)

    def _different(self, phase: int, rows: Iterable[tuple[str, str | None]]) -> dict[str, str]:
        """By key, what the table has."""
        data = list(_copy_lines(rows))
        if not data:
            return {}
        names = {"key": self.script.key, "side": self.script.side(phase),
                 "table": self.script.table}
        self.session.query(TEMPORARY.format(**names) + "".join(data) + "\\.\n"
                           "ANALYZE rehearsal_ledger")
        found = map(json.loads, self.session.lines(DIFFERENT.format(**names)))
        return {key: shown(value) if there else "no row" for key, there, value in found}


def _copy_lines(rows: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    for key, value in rows:
        text = "\\N" if value is None else value.translate(COPY_ESCAPES)
        yield f"{key.translate(COPY_ESCAPES)}\t{text}\n"
