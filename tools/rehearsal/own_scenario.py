"""The order of a rehearsal on a team's own database: the instances are controllers only, some of
them are killed on the way, and the ledger is read from the table behind each step."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import MigrationIncompleteError
from .own_table import OwnRun
from .scenario import Scenario
from .steps import Step

MOST_KEYS = 5
# the step at which a controller is killed, besides each backfill: rows are compared before it
KILLED_BEFORE = 3


@dataclass
class OwnScenario(Scenario):
    own: OwnRun | None = None
    _kills: int = 0

    def _expand(self) -> None:
        self._run_command("expand")
        self.launcher.await_ready(self.fleet)

    def _disturb(self) -> None:
        """Kills one controller after the other; writers must not be affected by it."""
        number = 1 + self._kills % len(self.fleet.instances)
        self._kills += 1
        self.timeline.record_event(f"controller {number} is killed (SIGKILL) and started again")
        self.launcher.kill_and_start(self.fleet, number, self._run().password)

    def _request_phase(self, phase: int) -> Step:
        step = super()._request_phase(phase)
        if phase == KILLED_BEFORE and self._state().phase < phase:
            self._disturb()
        return step

    def _end_stage(self) -> None:
        """Ends the rehearsal where writes are lost: no gate may open any more."""
        check, phase = self._run().check, self._state().phase
        check.check(phase)
        self._require_whole()

    def _require_whole(self) -> None:
        lost = self._run().check.ledger.differences
        if lost:
            raise MigrationIncompleteError("acknowledged writes are lost: " + name_keys(
                f"key {key} ({text})" for key, text in lost.items()))

    def _explain_mismatches(self, rows: int) -> str:
        """Names the keys that the step to phase 2 would lose, or has lost."""
        text = super()._explain_mismatches(rows)
        lost = self._run().check.differences(2)
        if lost:
            text += ("; acknowledged writes that the new side lacks: "
                     + name_keys(f"key {each}" for each in lost)
                     + "; their writer has neither the fence nor the triggers of sync")
        return text

    def _contract(self) -> None:
        if self._run().drops:
            super()._contract()

    def _read_ledgers_back(self) -> None:
        super()._read_ledgers_back()
        self._run().check.check(self._state().phase)

    def _check_processes(self) -> None:
        super()._check_processes()
        service = self._run().service
        if service and service.process.poll() is not None:
            raise MigrationIncompleteError(
                f"the service exited with status {service.process.returncode}, see {service.log}")

    def _run(self) -> OwnRun:
        assert self.own is not None
        return self.own


def name_keys(texts: Iterable[str]) -> str:
    """The first ones, and how many more there are."""
    found = list(texts)
    more = len(found) - MOST_KEYS
    return ", ".join(found[:MOST_KEYS]) + (f" and {more:,} more" if more > 0 else "")
