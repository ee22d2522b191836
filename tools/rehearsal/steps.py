"""One step of the fleet: requested by the flags, watched until it is drained."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

from harness.json_object import JsonObject

from .database import Session, sql_literal
from .errors import MigrationIncompleteError

STATE = """
SELECT phase, extract(epoch FROM changed_at), coalesce(extract(epoch FROM drained_at), 0)
FROM migration_state WHERE name = {migration}
"""


@dataclass
class GateRecord:
    """When a gate was seen open first; it waited if it was seen closed."""

    gate: str
    reason: str
    waited: bool = False
    opened: float | None = None

    def json(self, since: float) -> JsonObject:
        wait = max(0.0, (self.opened or time.time()) - since) if self.waited else 0.0
        return {"gate": self.gate, "reason": self.reason, "opened": self.opened,
                "waitSeconds": wait, "open": self.opened is not None}


class Step:
    """Its times are those of this machine's clock; None is what has not happened yet."""

    def __init__(self, before: int, to: int | str) -> None:
        self.label = f"{before} -> {to}"
        self.asked = time.time()
        self.asked_by_all: float | None = None
        self.effective: float | None = None
        self.drained: float | None = None
        self._gates: dict[str, GateRecord] = {}

    def record_gates(self, status: JsonObject) -> list[JsonObject]:
        """Gives the gates that are closed now; none if the status shows another step's."""
        if status["nextStep"] != self.label.replace("3 -> drop", "drop"):
            return []
        now = time.time()
        for gate in status["gates"]:
            record = self._gates.setdefault(
                gate["gate"], GateRecord(gate["gate"], gate["reason"]))
            record.reason = gate["reason"]
            if not gate["open"]:
                record.waited = True
                record.opened = None
            elif record.opened is None:
                record.opened = now
        return closed_gates(status)

    def mark_effective(self, at: float) -> None:
        """The phase has changed, so every gate was open then."""
        self.effective = at
        for gate in self._gates.values():
            gate.opened = min(gate.opened or at, at)

    def json(self) -> JsonObject:
        since = self.asked_by_all or self.asked
        return {"step": self.label, "asked": self.asked, "askedByAll": self.asked_by_all,
                "effective": self.effective, "drained": self.drained,
                "flipToEffectSeconds": _seconds_between(since, self.effective),
                "drainSeconds": _seconds_between(self.effective, self.drained),
                "gates": [gate.json(since) for gate in self._gates.values()]}


def _seconds_between(start: float | None, end: float | None) -> float | None:
    return max(0.0, end - start) if start and end else None


def closed_gates(status: JsonObject) -> list[JsonObject]:
    return [gate for gate in status["gates"] if not gate["open"]]


def format_closed(gates: list[JsonObject]) -> str:
    return "; ".join(f"gate {g['gate']} is closed: {g['reason']}" for g in gates)


@dataclass(frozen=True)
class DatabaseClock:
    """Converts times of the database's clock to this machine's."""

    offset: float

    @classmethod
    def compare(cls, session: Session) -> DatabaseClock:
        before = time.time()
        there = float(session.query("SELECT extract(epoch FROM clock_timestamp())")[0][0])
        return cls((before + time.time()) / 2 - there)

    def to_local(self, there: float) -> float:
        return there + self.offset


class MigrationState(NamedTuple):
    """In times of the database's clock; drained_at is 0 before the phase is drained."""

    phase: int
    changed_at: float
    drained_at: float


def read_state(session: Session, migration: str) -> MigrationState:
    rows = session.query(STATE.format(migration=sql_literal(migration)))
    if not rows:
        raise MigrationIncompleteError(f"the migration {migration} is not in the database")
    phase, changed, drained = rows[0]
    return MigrationState(int(phase), float(changed), float(drained))
