"""The cost model: what each operation sends, locks and logs, from PostgreSQL's log and catalogs."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.json_object import JsonObject

from .context import BODY, FULL_SPEED, BenchContext
from .figure import Figure
from .service import Service
from .statement_log import SentStatement, StatementLog

DATABASE = "cost"
IDLE_SECONDS = 10
LOCKS = """
SELECT string_agg(DISTINCT c.relname || ' ' || l.mode, ', ')
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
WHERE l.pid = pg_backend_pid() AND c.relnamespace = 'public'::regnamespace;
"""
# undoes a part of a complete run, so that a batch's statement does its work again
REOPEN_RUN = """
UPDATE backfill_run SET state = 'cancelled' WHERE state IN ('running', 'paused');
UPDATE backfill_run SET state = 'running' WHERE id = (SELECT max(id) FROM backfill_run
  WHERE kind = '{kind}');
UPDATE backfill_progress SET done = false, after_key = NULL;
UPDATE orders SET status = {status} WHERE id <= 5000;
"""
DELETE_KEYS = "DELETE FROM idempotency_key;"
# the new status differs from the old one, as it mostly does
CHANGE_STATUS = (
    DELETE_KEYS + "UPDATE orders SET status = 'other', old_status = 'OTHER' WHERE id = 7;")
HEAD = ("operation", "statements", "rows", "WAL bytes", "tables locked")
HEAP_ONLY_UPDATES = """
SELECT n_tup_upd || ' ' || n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'orders'
"""




@dataclass(frozen=True)
class Operation:
    """A request; `before` restores what it needs when its statement is executed again."""

    name: str
    send: Callable[[], object]
    before: str


@dataclass(frozen=True)
class CostModel:
    """Measures one service; `idle_statements` are those that it sends without a request."""

    bench: BenchContext
    service: Service
    log: StatementLog
    idle_statements: frozenset[str]

    def measure_operation(self, operation: Operation) -> tuple[str, ...]:
        for _ in range(3):
            operation.send()
        self.log.skip()
        operation.send()
        return measure_statements(self.bench, operation.name, self.log.read(self.idle_statements),
                                  operation.before)

    def measure_batches(self) -> Iterator[tuple[str, ...]]:
        """One batch of a backfill and one of a comparison, as the service sends them."""
        self.log.skip()
        self.service.call("/migrations/orders-status/backfill", b'{"targetLoad":1}', operator=True)
        time.sleep(5)
        sent = [each for each in self.log.read(self.idle_statements) if "zd_claim" in each[0]]
        # the first batches have 500 rows, so the tenth has its full size
        for name, kind, status, pattern in (
                ("backfill batch", "forward", "NULL", "written"),
                ("parity batch", "parity", "lower(old_status)", "differs")):
            batches = [each for each in sent if pattern in each[0]]
            if not batches:
                raise HarnessError(f"the service sent no {name}")
            yield measure_statements(self.bench, name, [batches[min(9, len(batches) - 1)]],
                                     REOPEN_RUN.format(kind=kind, status=status))
        self.bench.postgres.sql(
            DATABASE, "UPDATE backfill_run SET state = 'cancelled', finished_at = now()"
                      " WHERE state IN ('running', 'paused')")

    def count_step_statements(self) -> tuple[str, ...]:
        """The statements of the step 1 -> 0 that an idle instance does not send."""
        self.log.skip()
        self.service.flags.set_phase(0)
        self.service.await_phase(0)
        time.sleep(1)
        sent = [text for text, _ in self.log.read(self.idle_statements) if "pg_locks" in text
                or ("migration_" in text and "SELECT phase || ' '" not in text)]
        return "step 1 -> 0", str(len(sent)), "", "", ""


def measure_cost(bench: BenchContext) -> list[Figure]:
    """the cost model: statements, WAL, buffers, locks of each operation; prints a table"""
    rows = min(bench.options.rows, 100_000)
    bench.copy_template(DATABASE, rows, 1)
    bench.postgres.sql(DATABASE, f"ALTER DATABASE {DATABASE} SET log_statement = 'all'")
    service = bench.program.serve(DATABASE, 1)
    log = StatementLog(bench.postgres, DATABASE)
    time.sleep(2)
    model = CostModel(bench, service, log, record_idle_statements(bench, log))
    lines = [model.measure_operation(operation) for operation in operations(service)]
    lines += model.measure_batches()
    lines.append(model.count_step_statements())
    bench.stop_services([service])
    bench.notes.append("Cost of one operation in phase 1, page images after a checkpoint left "
                       "out:\n\n" + markdown_table([HEAD, *lines]))
    bench.notes.append(f"Backfill of {rows:,} rows:\n\n" + markdown_table([
        ("variant", "HOT updates", "WAL bytes a row", "rows/s"),
        *measure_heap_only_updates(bench, rows)]))
    return []


def operations(service: Service) -> Sequence[Operation]:
    status = iter(range(1, 1000))

    def create(key: str | None = None) -> None:
        service.call("/orders", BODY, idempotency_key=key)

    def update(key: str | None = None) -> None:
        body = json.dumps({"status": f"s{next(status)}"}).encode()
        service.call("/orders/7", body, method="PATCH", idempotency_key=key)

    def new_key() -> str:
        return os.urandom(9).hex()

    return (
        Operation("create", create, ""),
        Operation("create, keyed", lambda: create(new_key()), DELETE_KEYS),
        Operation("replay", lambda: create("replayed"), ""),
        Operation("update", update, CHANGE_STATUS),
        Operation("update, keyed", lambda: update(new_key()), CHANGE_STATUS),
        Operation("read", lambda: service.call("/orders/7"), ""),
        Operation("list, 20", lambda: service.call("/orders?limit=20"), ""),
        Operation("shadow", lambda: service.call("/orders/7/shadow"), ""),
    )


def record_idle_statements(bench: BenchContext, log: StatementLog) -> frozenset[str]:
    """What the service sends without a request: heartbeats, queries for runs to join."""
    log.skip()
    before = bench.postgres.wal_position(DATABASE)
    time.sleep(IDLE_SECONDS)
    found = log.read()
    wal = bench.postgres.wal_position(DATABASE) - before
    bench.notes.append(f"An idle instance: {len(found) / IDLE_SECONDS:.1f} statements and "
                       f"{wal / IDLE_SECONDS:.0f} WAL bytes a second.")
    return frozenset(text for text, _ in found)


def measure_statements(bench: BenchContext, name: str, sent: Sequence[SentStatement],
                       before: str) -> tuple[str, ...]:
    """A row of the table: counts the statements, and executes the last one that writes again, or
    the last one."""
    if not sent:
        raise HarnessError(f"the log has no statement of {name}")
    text, parameters = next((each for each in reversed(sent) if "INSERT" in each[0]
                             or "UPDATE" in each[0]), sent[-1])
    execute = "EXECUTE repeated" + (f" ({', '.join(parameters)})" if parameters else "")
    # EXPLAIN's sum leaves out writing CTEs that no other part reads: the log's position does not
    count_wal = f"""SAVEPOINT again;
SELECT pg_current_wal_insert_lsn() AS before \\gset
{execute} \\g /dev/null
SELECT pg_current_wal_insert_lsn() - :'before';
ROLLBACK TO again;
"""
    found = bench.postgres.sql(DATABASE, f"""{before}
\\echo @@
BEGIN;
PREPARE repeated AS {text};
{count_wal * 4}
\\echo @@
EXPLAIN (ANALYZE, FORMAT JSON) {execute};
\\echo @@
{LOCKS}
ROLLBACK;""").split("@@")
    plan = json.loads(found[2])[0]["Plan"]
    rows = next((each for each in scanned_rows(plan) if each > 1), 1)
    # the first time it writes page images too, and a heartbeat may come in between at any time
    wal = min(int(each) for each in found[1].split()[1:])
    return name, str(len(sent)), str(rows), f"{wal:,}", found[3].strip()


def scanned_rows(plan: JsonObject) -> Iterator[int]:
    """How many rows each scan of orders in a plan gave."""
    if plan.get("Relation Name") == "orders" and "Scan" in plan["Node Type"]:
        yield int(plan["Actual Rows"] * plan["Actual Loops"])
    for each in plan.get("Plans", []):
        yield from scanned_rows(each)


def measure_heap_only_updates(bench: BenchContext, rows: int) -> Iterator[tuple[str, ...]]:
    """The share of heap-only updates, as the backfill finds the table and in other layouts."""
    for name, before in (
            ("as the service runs it: the index comes after the backfill", ""),
            ("with the index on the new column", "CREATE INDEX i ON orders (status, id);"),
            ("fillfactor 50", "ALTER TABLE orders SET (fillfactor = 50); VACUUM FULL orders;"),
            ("fillfactor 50, with the index on the new column",
             "ALTER TABLE orders SET (fillfactor = 50); VACUUM FULL orders;"
             "CREATE INDEX i ON orders (status, id);")):
        bench.copy_template("turn", rows, 1)
        for statement in filter(None, before.split(";")):
            bench.postgres.sql("turn", statement)
        bench.postgres.vacuum_and_checkpoint("turn")
        start = bench.postgres.wal_position("turn")
        bench.program.run_command("turn", "backfill", **FULL_SPEED,
                                  BACKFILL_BATCH_SIZE=str(bench.options.batch))
        wal = bench.postgres.wal_position("turn") - start
        updated, heap_only = map(int, bench.postgres.sql("turn", HEAP_ONLY_UPDATES).split())
        rate = rows / bench.last_run_seconds("turn", "forward", rows)
        bench.postgres.drop_database("turn")
        yield name, f"{100 * heap_only / updated:.0f} %", f"{wal / rows:.0f}", f"{rate:,.0f}"


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    rows = [lines[0], ("---",) * len(lines[0]), *lines[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
