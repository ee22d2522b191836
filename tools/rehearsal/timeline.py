"""The stages, steps and events of a rehearsal, in the order in which they came."""
from __future__ import annotations

import time
from dataclasses import dataclass

from harness.json_object import JsonObject

from .database import Session, sql_literal
from .stage_server import StageServer
from .steps import Step

# of a partitioned table with its partitions
SIZES = """
SELECT sum(pg_table_size(relation)), sum(pg_indexes_size(relation)),
  pg_database_size(current_database()), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'),
  coalesce((SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relid = ANY(
    array_agg(relation))), 0)
FROM (
  SELECT {table}::regclass AS relation UNION SELECT relid FROM pg_partition_tree({table})
) AS tree
"""
SIZE_NAMES = ("tableBytes", "indexBytes", "databaseBytes", "wal", "deadRows")


@dataclass(frozen=True)
class Stage:
    """A stage that is over. If it counts for p99, that is compared with the baseline's."""

    name: str
    start: float
    end: float
    counts_for_p99: bool = True


@dataclass(frozen=True)
class OpenStage:
    name: str
    start: float
    counts_for_p99: bool

    def finish(self, end: float) -> Stage:
        return Stage(self.name, self.start, end, self.counts_for_p99)


class Timeline:
    """There is always a current stage: the first one begins with the timeline."""

    def __init__(self, session: Session, server: StageServer, first_stage: str,
                 table: str) -> None:
        self._session = session
        self._sizes = SIZES.format(table=sql_literal(table))
        self._server = server
        self.start = time.time()
        self.stages: list[Stage] = []
        self.steps: list[Step] = []
        self.events: list[JsonObject] = []
        self.sizes: list[JsonObject] = []
        self._record_sizes(server.stage)
        self.current = self._open_stage(first_stage, time.time(), True)

    def begin_stage(self, name: str, counts_for_p99: bool = True,
                    at: float | None = None) -> None:
        """Ends the current stage and begins the next one."""
        at = at or time.time()
        self.end_stage(at)
        self.current = self._open_stage(name, at, counts_for_p99)

    def end_stage(self, at: float) -> None:
        self.stages.append(self.current.finish(at))
        self._record_sizes(self.current.name)

    def record_event(self, text: str) -> None:
        now = time.time()
        self.events.append({"at": now, "text": text})
        print(f"  {self._clock(now)}  {text}", flush=True)

    def _open_stage(self, name: str, at: float, counts_for_p99: bool) -> OpenStage:
        self._server.stage = name
        print(f"  {self._clock(at)}  {name}", flush=True)
        return OpenStage(name, at, counts_for_p99)

    def _record_sizes(self, stage: str) -> None:
        values = [int(float(value)) for value in self._session.query(self._sizes)[0]]
        self.sizes.append({"endOf": stage, "at": time.time(), **dict(zip(SIZE_NAMES, values))})

    def _clock(self, at: float) -> str:
        seconds = max(0, int(at - self.start))
        return f"{seconds // 60:02d}:{seconds % 60:02d}"
