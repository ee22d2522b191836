"""Stages, steps and events, as they came."""
import time

SIZES = """
SELECT pg_table_size('orders'), pg_indexes_size('orders'), pg_database_size(current_database()),
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'),
  coalesce((SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'orders'::regclass), 0)
"""
NAMES = ("tableBytes", "indexBytes", "databaseBytes", "wal", "deadRows")


class Timeline:
    def __init__(self, session, control):
        self.session, self.control = session, control
        self.stages, self.steps, self.events, self.sizes = [], [], [], []
        self.start = time.time()

    def stage(self, name, judged=True, at=None):
        """Ends the stage before; `judged` says whether its p99 counts."""
        at = at or time.time()
        self.close(at)
        self.stages.append({"name": name, "from": at, "to": None, "countsForP99": judged})
        self.control.stage = name
        print(f"  {self.clock(at)}  {name}", flush=True)

    def close(self, at=None):
        if self.stages and self.stages[-1]["to"] is None:
            self.stages[-1]["to"] = at or time.time()
            self.measure(self.stages[-1]["name"])

    def measure(self, stage):
        values = [int(float(value)) for value in self.session.ask(SIZES)[0]]
        self.sizes.append({"endOf": stage, "at": time.time(), **dict(zip(NAMES, values))})

    def event(self, text):
        self.events.append({"at": time.time(), "text": text})
        print(f"  {self.clock(time.time())}  {text}", flush=True)

    def clock(self, at):
        seconds = max(0, int(at - self.start))
        return f"{seconds // 60:02d}:{seconds % 60:02d}"
