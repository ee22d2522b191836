"""Statements of psycopg 3 that act by the phase in force (docs/protocol.md#the-fence). Copy it."""
import re

from psycopg.errors import UndefinedColumn
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

ATTEMPTS = 10


class Fence:
    """For one migration, by its name as in its definition. Threads may share it."""

    def __init__(self, migration):
        if not re.fullmatch(r"[a-z][a-z0-9-]*", migration):
            raise ValueError(f"not a migration's name: {migration}")
        self.migration = migration
        self.state = (f"(SELECT phase FROM migration_state WHERE name = '{migration}'"
                      " AND current_setting('transaction_isolation') = 'read committed')")
        self.seen = 0  # the phase seen last: a guess, which each statement checks

    def send(self, connection, variants, values):
        """Sends the statement of the phase in force and gives its rows as dicts; none if none matched.

        variants are four, by phase: each takes its rows FROM fence, which is empty in every other
        phase, and returns what it wrote or read. The connection is at READ COMMITTED.
        Any other failure is the caller's: it is not known here whether a statement may be sent twice."""
        failed = None  # the phase whose variant named a column that is not there
        for _ in range(ATTEMPTS):
            phase = self.seen
            try:
                with connection.cursor(row_factory=dict_row) as cursor:
                    # not prepared: a plan of before a schema change would fail
                    rows = cursor.execute(self.statement(variants[phase], phase), values, prepare=False).fetchall()
            except UndefinedColumn:
                if phase == 3 or phase == failed:
                    raise
                failed, self.seen = phase, 3  # dropped, perhaps: the variant of phase 3 tells
                if connection.info.transaction_status != TransactionStatus.IDLE:
                    raise  # the transaction is lost; the next one begins with the right guess
                continue
            if rows[0]["in_force"] is None:
                raise RuntimeError("the migration is not registered, or not at READ COMMITTED")
            if rows[0]["in_force"] == phase:
                return [row for row in rows if row["matched"]]
            self.seen = rows[0]["in_force"]
        raise RuntimeError("the phase keeps changing")

    def statement(self, variant, phase):
        """One snapshot gives phase and rows."""
        if not re.search(r"\bfence\b", variant):
            raise ValueError(f"not behind the fence: {variant}")
        return f"""WITH fence AS (SELECT 1 WHERE {self.state} = {phase}), written AS ({variant})
            SELECT now.phase AS in_force, found.* FROM (SELECT {self.state} AS phase) AS now
            LEFT JOIN (SELECT true AS matched, written.* FROM written) AS found ON true"""

    def heartbeat(self, connection, instance, phase):
        """Optional: until some seconds after the last one, no step is taken that this instance does not ask for."""
        connection.execute(f"""
            INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)
            VALUES ('{self.migration}', %s, %s, 3, 'helper') ON CONFLICT (migration, instance) DO UPDATE
            SET requested_phase = excluded.requested_phase, heartbeat_at = now()""", (instance, phase))
