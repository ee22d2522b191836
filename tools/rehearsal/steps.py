"""One step of the fleet: asked for by the flags, watched until it is drained."""
import time

from .errors import Incomplete

STATE = """
SELECT phase, epoch, extract(epoch FROM changed_at), coalesce(extract(epoch FROM drained_at), 0)
FROM migration_state WHERE name = 'orders-status'
"""


class Step:
    """Notes when each gate opened; times are those of this machine's clock."""

    def __init__(self, before, to):
        self.label = f"{before} -> {to}"
        self.asked = time.time()
        self.reached = None
        self.effective = None
        self.drained = None
        self.gates = {}

    def see(self, status):
        """The gates that are closed now; none where the status shows another step's."""
        if status["nextStep"] != self.label.replace("3 -> drop", "drop"):
            return []
        now = time.time()
        for gate in status["gates"]:
            seen = self.gates.setdefault(
                gate["gate"], {"gate": gate["gate"], "waited": False, "opened": None})
            seen["reason"] = gate["reason"]
            if not gate["open"]:
                seen.update(waited=True, opened=None)
            elif seen["opened"] is None:
                seen["opened"] = now
        return [gate for gate in status["gates"] if not gate["open"]]

    def done(self, at):
        self.effective = at
        for gate in self.gates.values():
            gate["opened"] = min(gate["opened"] or at, at)

    def json(self):
        since = self.reached or self.asked
        gates = [{"gate": g["gate"], "reason": g["reason"], "opened": g["opened"],
                  "waitSeconds": max(0.0, (g["opened"] or time.time()) - since)
                  if g["waited"] else 0.0,
                  "open": g["opened"] is not None} for g in self.gates.values()]
        return {"step": self.label, "asked": self.asked, "askedByAll": self.reached,
                "effective": self.effective, "drained": self.drained,
                "flipToEffectSeconds": between(since, self.effective),
                "drainSeconds": between(self.effective, self.drained), "gates": gates}


def between(start, end):
    return max(0.0, end - start) if start and end else None


class Clock:
    """The database's time as this machine's."""

    def __init__(self, session):
        before = time.time()
        there = float(session.ask("SELECT extract(epoch FROM clock_timestamp())")[0][0])
        self.offset = (before + time.time()) / 2 - there

    def here(self, there):
        return float(there) + self.offset


def state(session):
    rows = session.ask(STATE)
    if not rows:
        raise Incomplete("the migration orders-status is not in the database")
    phase, epoch, changed, drained = rows[0]
    return int(phase), int(epoch), float(changed), float(drained)


def closed(gates):
    return "; ".join(f"gate {g['gate']} is closed: {g['reason']}" for g in gates)
