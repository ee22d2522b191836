"""The order of a rehearsal: forward, back, forward again, and the old column dropped."""
from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from harness.json_object import JsonObject

from .api import OperatorApi
from .database import Session
from .errors import MigrationIncompleteError
from .fleet import Fleet, Launcher
from .steps import DatabaseClock, MigrationState, Step, closed_gates, format_closed, read_state
from .timeline import Timeline
from .traffic import Traffic

POLL_SECONDS = 0.2
# with the default pace a worker scans many more rows a second
LEAST_ROWS_PER_SECOND = 500
# the stage in which the work is done that the step to a phase waits for
SCHEMA_STAGES = {2: "indexes", 3: "constraints"}

Value = TypeVar("Value")


@dataclass(frozen=True)
class Durations:
    """What the command line says of stages and waits, in seconds."""

    stage: float
    spread: float
    patience: float
    rows: int

    def for_all_rows(self) -> float:
        """How long work on every row may take."""
        return self.patience + self.rows / LEAST_ROWS_PER_SECOND


@dataclass
class Scenario:
    durations: Durations
    launcher: Launcher
    fleet: Fleet
    api: OperatorApi
    traffic: Traffic
    timeline: Timeline
    session: Session
    clock: DatabaseClock
    migration: str
    _ended_instances: set[int] = field(default_factory=set)
    # the step that is waited for
    _step: Step | None = None

    def run(self) -> None:
        """Begins in the stage of the baseline."""
        self._stay(2 * self.durations.stage)
        self.timeline.begin_stage("expand")
        self._expand()
        self._migrate_forward()
        self._migrate_back()
        self._migrate_forward_again()
        self._contract()
        self._read_ledgers_back()

    # what a scenario with more in it does at these moments

    def _expand(self) -> None:
        self._run_command("expand")

    def _end_stage(self) -> None:
        """At the end of the stage behind each step."""

    def _disturb(self) -> None:
        """Once work on rows has begun that a step waits for."""

    def _explain_mismatches(self, rows: int) -> str:
        """Why the migration does not go on after a comparison."""
        return f"the comparison found {rows} rows that disagree"

    # the parts

    def _migrate_forward(self) -> None:
        self._take_step(1, "dual-write")
        self._backfill("backfill", "parity")
        self._take_step(2, "read-new")
        self._take_step(3, "new-only")

    def _migrate_back(self) -> None:
        self._take_step(2, "back-to-read-new")
        step = self._request_phase(1)
        self._backfill("reverse-backfill", "reverse-parity")
        self._await_step(step, 1, "back-to-dual-write")

    def _migrate_forward_again(self) -> None:
        self._backfill("backfill-again", "parity-again")
        self._take_step(2, "read-new-again")
        self._take_step(3, "new-only-again")

    def _contract(self) -> None:
        step = Step(3, "drop")
        step.asked_by_all = step.asked
        self._step = step
        self.timeline.steps.append(step)
        self._wait("the gates before the drop", lambda: self._all_gates_open(step))
        self.timeline.begin_stage("contract")
        self._run_command("contract")
        dropped = datetime.fromisoformat(python_timestamp(self.api.status()["contractedAt"]))
        step.mark_effective(self.clock.to_local(dropped.timestamp()))
        self._step = None
        self.timeline.begin_stage("after")
        self._stay(self.durations.stage)
        self._end_stage()

    def _read_ledgers_back(self) -> None:
        """The users read everything back and end."""
        self.timeline.begin_stage("final-ledger", counts_for_p99=False)
        self.traffic.server.done = True
        deadline = time.monotonic() + self.durations.patience
        while self.traffic.is_running():
            if time.monotonic() > deadline:
                self.timeline.record_event("the final reading of the ledgers was not finished "
                                           f"after {self.durations.patience} s")
                return
            time.sleep(POLL_SECONDS)

    # steps

    def _take_step(self, phase: int, stage: str) -> None:
        self._await_step(self._request_phase(phase), phase, stage)

    def _request_phase(self, phase: int) -> Step:
        step = Step(self._state().phase, phase)
        self._step = step
        self.timeline.steps.append(step)
        self.fleet.set_flags(phase, self.durations.spread)
        step.asked_by_all = time.time()
        return step

    def _await_step(self, step: Step, phase: int, stage: str) -> None:
        """Waits until the step is taken and drained, and runs the command that its gates need."""
        # before phase 3 every row is compared
        seconds = self.durations.for_all_rows() if phase == 3 else None
        found = self._wait(f"the step {step.label}",
                           lambda: self._poll_step(step, phase, stage), seconds)
        at = self.clock.to_local(found.changed_at)
        step.mark_effective(at)
        self.timeline.begin_stage(stage, at=max(at, self.timeline.current.start))
        found = self._wait(f"the drain of {step.label}", self._poll_drain)
        step.drained = self.clock.to_local(found.drained_at)
        self._step = None
        self._stay(self.durations.stage)
        self._end_stage()

    def _poll_step(self, step: Step, phase: int, stage: str) -> MigrationState | None:
        """The state once the phase is reached; until then records the gates."""
        state = self._state()
        if state.phase == phase:
            return state
        gates = step.record_gates(self.api.status())
        if any(g["gate"] == "clean-scan" and "is running" in g["reason"] for g in gates):
            self._begin_stage_once("comparison" + stage.removeprefix("new-only"))
        waiting = [g for g in gates if "command: expand" in g["remedy"]]
        if waiting and len(waiting) == len(gates) and phase in SCHEMA_STAGES:
            self.timeline.begin_stage(SCHEMA_STAGES[phase])
            self._run_command("expand", step)
        return None

    def _begin_stage_once(self, stage: str) -> None:
        if self.timeline.current.name != stage:
            self.timeline.begin_stage(stage)

    def _state(self) -> MigrationState:
        return read_state(self.session, self.migration)

    def _poll_drain(self) -> MigrationState | None:
        state = self._state()
        return state if state.drained_at else None

    def _all_gates_open(self, step: Step) -> bool:
        status = self.api.status()
        return status["nextStep"] == "drop" and not step.record_gates(status)

    # runs and commands

    def _backfill(self, stage: str, parity_stage: str) -> None:
        self.timeline.begin_stage(stage)
        run = self.api.start_backfill()
        self._disturb()
        seconds = self.durations.for_all_rows()
        self._wait("the backfill", lambda: self._poll_run("backfill", run), seconds)
        self.timeline.begin_stage(parity_stage)
        found = self._wait("the comparison", lambda: self._poll_run("parity", run + 1), seconds)
        if found["mismatchedRows"]:
            raise MigrationIncompleteError(self._explain_mismatches(found["mismatchedRows"]))

    def _poll_run(self, kind: str, run: int) -> JsonObject | None:
        """The status of a run once it is complete."""
        status = self.api.status()
        if self._step:
            self._step.record_gates(status)
        found: JsonObject | None = status[kind]
        if found and found["run"] >= run and found["state"] == "complete":
            return found
        return None

    def _run_command(self, word: str, step: Step | None = None) -> None:
        process = self.launcher.start_command(word)
        self._wait(f"the command {word}", lambda: self._poll_exit(process, step))
        self.launcher.require_success(process, word)

    def _poll_exit(self, process: subprocess.Popen[bytes], step: Step | None) -> bool:
        if step:
            step.record_gates(self.api.status())
        return process.poll() is not None

    # waiting

    def _stay(self, seconds: float) -> None:
        """Stays in the current stage for so long."""
        end = time.monotonic() + seconds
        self._wait("the end of the stage", lambda: time.monotonic() >= end, seconds + 60)

    def _wait(self, what: str, poll: Callable[[], Value | None],
              seconds: float | None = None) -> Value:
        """Polls until there is a value that is true, and gives it; at most for so long."""
        seconds = seconds or self.durations.patience
        deadline = time.monotonic() + seconds
        while True:
            self._check_processes()
            value = poll()
            if value:
                return value
            if time.monotonic() > deadline:
                raise MigrationIncompleteError(
                    f"waited {seconds:.0f} s for {what}{self._explain_wait()}")
            time.sleep(POLL_SECONDS)

    def _check_processes(self) -> None:
        if not self.traffic.is_running():
            raise MigrationIncompleteError(f"the traffic ended too early, see {self.traffic.log}")
        for instance in self.fleet.instances:
            if not instance.is_running() and instance.number not in self._ended_instances:
                self._ended_instances.add(instance.number)
                self.timeline.record_event(f"instance {instance.number} exited with status "
                                           f"{instance.process.returncode}")

    def _explain_wait(self) -> str:
        """What the service says about a step that does not come."""
        try:
            status = self.api.status()
        except MigrationIncompleteError as failure:
            return f": {failure}"
        reasons = [status.get("disagreement"), format_closed(closed_gates(status))]
        text = "; ".join(reason for reason in reasons if reason)
        return f": {text}" if text else ""


def python_timestamp(text: str) -> str:
    """As Python before 3.11 reads it: microseconds at most, and no Z."""
    text = text.replace("Z", "+00:00")
    head, _, tail = text.partition(".")
    if not tail:
        return text
    digits, zone = tail.split("+")
    return f"{head}.{digits[:6].ljust(6, '0')}+{zone}"
