"""Lock waits, WAL, memory and runs, once a second."""
from __future__ import annotations

import time

from harness.json_object import JsonObject

from .api import OperatorApi
from .background import BackgroundTask
from .database import Session
from .errors import MigrationIncompleteError
from .fleet import Fleet

# a wait for a lock can be short: this is queried four times a second, and the worst is kept
LOCK_WAITS = """
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
QUERIES_PER_SECOND = 4


class Sampler(BackgroundTask):
    def __init__(self, session: Session, fleet: Fleet, api: OperatorApi) -> None:
        super().__init__()
        self._session, self._fleet, self._api = session, fleet, api
        self.points: list[JsonObject] = []

    def run(self) -> None:
        next_at = time.monotonic()
        rows: list[list[float]] = []
        while not self.stopped.is_set():
            try:
                rows.append([float(value) for value in self._session.query(LOCK_WAITS)[0]])
            except (MigrationIncompleteError, IndexError, ValueError):
                return
            if len(rows) == QUERIES_PER_SECOND:
                self.points.append(self._sample(rows))
                rows = []
            next_at = max(next_at + 1 / QUERIES_PER_SECOND, time.monotonic())
            self.stopped.wait(max(0, next_at - time.monotonic()))

    def _sample(self, rows: list[list[float]]) -> JsonObject:
        worst = [max(column) for column in zip(*rows)]
        return {"at": time.time(), "wal": rows[-1][0],
                "lockWaits": int(worst[1]), "ddlLockWaits": int(worst[2]),
                "longestLockWaitMs": worst[3], "longestDdlLockWaitMs": worst[4],
                "memory": [instance.resident_bytes() for instance in self._fleet.instances],
                **self._scanned_rows()}

    def _scanned_rows(self) -> JsonObject:
        """How many rows the runs have scanned; empty if no instance answers."""
        try:
            status = self._api.status()
        except MigrationIncompleteError:
            return {}
        return {kind: {"run": status[kind]["run"], "rows": status[kind]["scannedRows"]}
                for kind in ("backfill", "parity") if status.get(kind)}
