"""What the database and the instances do, once a second."""
import time

from .background import Background
from .errors import Incomplete

# a wait for a lock can be short: this is asked four times a second, and the worst is kept
LOOK = """
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'),
  count(*) FILTER (WHERE NOT ddl), count(*) FILTER (WHERE ddl),
  coalesce(max(millis) FILTER (WHERE NOT ddl), 0), coalesce(max(millis) FILTER (WHERE ddl), 0)
FROM (
  SELECT application_name = 'zerodowntime schema' AS ddl,
    extract(epoch FROM clock_timestamp() - l.since) * 1000 AS millis
  FROM pg_stat_activity AS a
  LEFT JOIN (
    SELECT pid, min(waitstart) AS since FROM pg_locks WHERE NOT granted GROUP BY pid
  ) AS l USING (pid)
  WHERE a.wait_event_type = 'Lock' AND a.datname = current_database()
) AS waiting
"""
LOOKS = 4


class Sampler(Background):
    def __init__(self, session, fleet, api):
        super().__init__()
        self.session, self.fleet, self.api = session, fleet, api
        self.points = []

    def run(self):
        next_at = time.monotonic()
        looks = []
        while not self.over.is_set():
            try:
                looks.append([float(value) for value in self.session.ask(LOOK)[0]])
            except (Incomplete, IndexError, ValueError):
                return
            if len(looks) == LOOKS:
                self.points.append(self.point(looks))
                looks = []
            next_at = max(next_at + 1 / LOOKS, time.monotonic())
            self.over.wait(max(0, next_at - time.monotonic()))

    def point(self, looks):
        worst = [max(column) for column in zip(*looks)]
        return {"at": time.time(), "wal": looks[-1][0],
                "lockWaits": int(worst[1]), "ddlLockWaits": int(worst[2]),
                "longestLockWaitMs": worst[3], "longestDdlLockWaitMs": worst[4],
                "memory": [instance.memory() for instance in self.fleet.instances],
                **self.runs()}

    def runs(self):
        """How far the runs over the table are; empty where nobody answers."""
        try:
            status = self.api.status()
        except Incomplete:
            return {}
        return {kind: {"run": status[kind]["run"], "rows": status[kind]["scannedRows"]}
                for kind in ("backfill", "parity") if status.get(kind)}
