"""Drives the migration: forward, back, forward again, and the old column dropped."""
import time
from datetime import datetime

from .errors import Incomplete
from .steps import Clock, Step, closed, state

TICK = 0.2
# with the default pace a worker looks at many more rows a second than that
SLOWEST = 500
# the work that the step to a phase waits for, as a stage of its own
SCHEMA = {2: "indexes", 3: "constraints"}


class Drive:
    def __init__(self, options, fleet, api, traffic, timeline, session):
        self.options, self.fleet, self.api = options, fleet, api
        self.traffic, self.timeline, self.session = traffic, timeline, session
        self.clock = Clock(session)
        self.gone = set()
        self.step = None

    def run(self):
        self.baseline()
        self.forward()
        self.back()
        self.again()
        self.contract()

    def baseline(self):
        self.timeline.stage("baseline")
        self.dwell(2 * self.options.seconds)
        self.timeline.stage("expand")
        self.command("expand")

    def forward(self):
        self.take(1, "dual-write")
        self.backfill("backfill", "parity")
        self.take(2, "read-new")
        self.take(3, "new-only")

    def back(self):
        self.take(2, "back-to-read-new")
        step = self.ask(1)
        self.backfill("reverse-backfill", "reverse-parity")
        self.settle(step, 1, "back-to-dual-write")

    def again(self):
        self.backfill("backfill-again", "parity-again")
        self.take(2, "read-new-again")
        self.take(3, "new-only-again")

    def contract(self):
        step = Step(3, "drop")
        step.reached = step.asked
        self.step = step
        self.timeline.steps.append(step)
        self.wait("the gates before the drop", lambda: self.gates_open(step))
        self.timeline.stage("contract")
        self.command("contract")
        dropped = self.api.status()["contractedAt"]
        step.done(self.clock.here(datetime.fromisoformat(iso(dropped)).timestamp()))
        self.step = None
        self.timeline.stage("after")
        self.dwell(self.options.seconds)

    def final(self):
        """The users read everything back and end."""
        self.timeline.stage("final-ledger", judged=False)
        self.traffic.control.done = True
        deadline = time.monotonic() + self.options.patience
        while self.traffic.alive():
            if time.monotonic() > deadline:
                self.timeline.event("the final reading of the ledgers was not finished after "
                                    f"{self.options.patience} s")
                return
            time.sleep(TICK)

    # parts of the road

    def take(self, phase, stage):
        self.settle(self.ask(phase), phase, stage)

    def ask(self, phase):
        step = Step(state(self.session)[0], phase)
        self.step = step
        self.timeline.steps.append(step)
        self.fleet.flip(phase, self.options.spread)
        step.reached = time.time()
        return step

    def settle(self, step, phase, stage):
        """Waits until the step is taken and drained, running the command its gates ask for."""
        # before phase 3 every row is compared
        bound = self.bound() if phase == 3 else None
        found = self.wait(f"the step {step.label}", lambda: self.taken(step, phase, stage), bound)
        at = self.clock.here(found[2])
        step.done(at)
        self.timeline.stage(stage, at=max(at, self.timeline.stages[-1]["from"]))
        found = self.wait(f"the drain of {step.label}", self.drained)
        step.drained = self.clock.here(found[3])
        self.step = None
        self.dwell(self.options.seconds)

    def taken(self, step, phase, stage):
        now = state(self.session)
        if now[0] == phase:
            return now
        gates = step.see(self.api.status())
        if any(g["gate"] == "clean-scan" and "is running" in g["reason"] for g in gates):
            self.begin("comparison" + stage.removeprefix("new-only"))
        waits = [g for g in gates if "command: expand" in g["remedy"]]
        if waits and len(waits) == len(gates) and phase in SCHEMA:
            self.timeline.stage(SCHEMA[phase])
            self.command("expand", step)
        return None

    def begin(self, stage):
        """Once, however often it is seen."""
        if self.timeline.stages[-1]["name"] != stage:
            self.timeline.stage(stage)

    def bound(self):
        return self.options.patience + self.options.rows / SLOWEST

    def drained(self):
        now = state(self.session)
        return now if now[3] else None

    def gates_open(self, step):
        status = self.api.status()
        return status["nextStep"] == "drop" and not step.see(status)

    def backfill(self, stage, parity):
        self.timeline.stage(stage)
        run = self.api.post("/backfill")["run"]
        bound = self.bound()
        self.wait("the backfill", lambda: self.complete("backfill", run), bound)
        self.timeline.stage(parity)
        found = self.wait("the comparison", lambda: self.complete("parity", run + 1), bound)
        if found["mismatchedRows"]:
            raise Incomplete(f"the comparison found {found['mismatchedRows']} rows that disagree")

    def complete(self, kind, run):
        status = self.api.status()
        if self.step:
            self.step.see(status)
        found = status[kind]
        done = found and found["run"] >= run and found["state"] == "complete"
        return found if done else None

    def command(self, word, step=None):
        process = self.fleet.command(word)
        self.wait(f"the command {word}", lambda: self.exited(process, step))
        self.fleet.finish(process, word)

    def exited(self, process, step):
        if step:
            step.see(self.api.status())
        return process.poll() is not None

    # waiting

    def dwell(self, seconds):
        end = time.monotonic() + seconds
        self.wait("the end of the stage", lambda: time.monotonic() >= end, seconds + 60)

    def wait(self, what, condition, seconds=None):
        """The condition's value once it is true; never longer than that."""
        seconds = seconds or self.options.patience
        deadline = time.monotonic() + seconds
        while True:
            self.look()
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Incomplete(f"waited {seconds:.0f} s for {what}{self.why()}")
            time.sleep(TICK)

    def look(self):
        if not self.traffic.alive():
            raise Incomplete(f"k6 ended by itself, see {self.traffic.log}")
        for instance in self.fleet.instances:
            if not instance.alive() and instance.number not in self.gone:
                self.gone.add(instance.number)
                self.timeline.event(f"instance {instance.number} ended with status "
                                    f"{instance.process.returncode}")

    def why(self):
        try:
            status = self.api.status()
        except Incomplete as failure:
            return f": {failure}"
        reasons = [status.get("disagreement"),
                   closed([g for g in status["gates"] if not g["open"]])]
        text = "; ".join(reason for reason in reasons if reason)
        return f": {text}" if text else ""


def iso(text):
    """As Python before 3.11 reads it: microseconds at most, and no Z."""
    text = text.replace("Z", "+00:00")
    head, _, tail = text.partition(".")
    if not tail:
        return text
    digits, zone = tail.split("+")
    return f"{head}.{digits[:6].ljust(6, '0')}+{zone}"
