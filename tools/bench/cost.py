"""The cost model: what each operation sends, locks and logs, from PostgreSQL's own words."""
import json
import os
import re
import time

from .context import BODY, FULL_SPEED

IDLE_SECONDS = 10
LOCKS = """
SELECT string_agg(DISTINCT c.relname || ' ' || l.mode, ', ')
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
WHERE l.pid = pg_backend_pid() AND c.relnamespace = 'public'::regnamespace;
"""
# makes the batch's statement do its work again; the run before it was complete
AGAIN = """
UPDATE backfill_run SET state = 'cancelled' WHERE state IN ('running', 'paused');
UPDATE backfill_run SET state = 'running' WHERE id = (SELECT max(id) FROM backfill_run
  WHERE kind = '{kind}');
UPDATE backfill_progress SET done = false, after_key = NULL;
UPDATE orders SET status = {status} WHERE id <= 5000;
"""
NO_KEYS = "DELETE FROM idempotency_key;"
# the status that comes is another one, as it mostly is
OTHER = NO_KEYS + "UPDATE orders SET status = 'other', old_status = 'OTHER' WHERE id = 7;"
HEAD = ("operation", "statements", "rows", "WAL bytes", "tables locked")
HOT = """
SELECT n_tup_upd || ' ' || n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'orders'
"""


def cost(bench):
    """the cost model: statements, WAL, buffers, locks of each operation; prints a table"""
    rows = min(bench.options.rows, 100_000)
    bench.postgres.copy(bench.template(rows, 1), "cost")
    bench.postgres.sql("cost", "ALTER DATABASE cost SET log_statement = 'all'")
    service = bench.program.serve("cost", 1)
    log = Log(bench.postgres, "cost")
    time.sleep(2)
    usual = idle(bench, log)
    lines = [measured(bench, log, usual, *each) for each in operations(service)]
    lines += runs(bench, service, log, usual)
    lines.append(step(bench, service, log, usual))
    bench.stop([service])
    bench.notes.append("Cost of one operation in phase 1, page images after a checkpoint left "
                       "out:\n\n" + table([HEAD, *lines]))
    bench.notes.append(f"Backfill of {rows:,} rows:\n\n" + table([
        ("variant", "HOT updates", "WAL bytes a row", "rows/s"), *hot(bench, rows)]))
    return []


def operations(service):
    status = iter(range(1, 1000))

    def change(**headers):
        body = json.dumps({"status": f"s{next(status)}"}).encode()
        return service.call("/orders/7", body, method="PATCH", **headers)

    def key():
        return {"Idempotency_Key": os.urandom(9).hex()}

    return (
        ("create", lambda: service.call("/orders", BODY), ""),
        ("create, keyed", lambda: service.call("/orders", BODY, **key()), NO_KEYS),
        ("replay", lambda: service.call("/orders", BODY, Idempotency_Key="replayed"), ""),
        ("update", change, OTHER),
        ("update, keyed", lambda: change(**key()), OTHER),
        ("read", lambda: service.call("/orders/7"), ""),
        ("list, 20", lambda: service.call("/orders?limit=20"), ""),
        ("shadow", lambda: service.call("/orders/7/shadow"), ""),
    )


def idle(bench, log):
    """What the service sends by itself: the pulse, heartbeats, looks for runs to join."""
    log.skip()
    before = bench.postgres.lsn("cost")
    time.sleep(IDLE_SECONDS)
    found = log.statements()
    wal = bench.postgres.lsn("cost") - before
    bench.notes.append(f"An idle instance: {len(found) / IDLE_SECONDS:.1f} statements and "
                       f"{wal / IDLE_SECONDS:.0f} WAL bytes a second.")
    return {text for text, _ in found}


def measured(bench, log, usual, name, action, before):
    for _ in range(3):
        action()
    log.skip()
    action()
    return line(bench, name, log.statements(usual), before)


def runs(bench, service, log, usual):
    """One batch of a backfill and one of a comparison, as the service sends them."""
    log.skip()
    service.call("/migrations/orders-status/backfill", b'{"targetLoad":1}', operator=True)
    time.sleep(5)
    sent = [each for each in log.statements(usual) if "zd_claim" in each[0]]
    # the first batches have 500 rows, so the tenth has its full size
    for name, kind, status, known in (("backfill batch", "forward", "NULL", "written"),
                                      ("parity batch", "parity", "lower(old_status)", "differs")):
        batches = [each for each in sent if known in each[0]]
        text, parameters = batches[min(9, len(batches) - 1)]
        yield line(bench, name, [(text, parameters)], AGAIN.format(kind=kind, status=status))
    bench.postgres.sql("cost", "UPDATE backfill_run SET state = 'cancelled', finished_at = now()"
                               " WHERE state IN ('running', 'paused')")


def step(bench, service, log, usual):
    """The statements of 1 -> 0 that an idle instance does not send."""
    log.skip()
    service.ask(0)
    service.await_phase(0)
    time.sleep(1)
    sent = [each for each in log.statements(usual) if "pg_locks" in each[0]
            or "migration_" in each[0] and "SELECT phase || ' '" not in each[0]]
    return "step 1 -> 0", str(len(sent)), "", "", ""


def line(bench, name, sent, before):
    """Counts the statements, and plays the last one that writes, or the last one, again."""
    if not sent:
        raise SystemExit(f"{name} sent no statement that the log knows")
    text, parameters = next((each for each in reversed(sent) if "INSERT" in each[0]
                             or "UPDATE" in each[0]), sent[-1])
    execute = "EXECUTE played" + (f" ({', '.join(parameters)})" if parameters else "")
    # EXPLAIN's sum leaves out the writing CTEs that nothing reads: the log's position does not
    weigh = f"""SAVEPOINT again;
SELECT pg_current_wal_insert_lsn() AS before \\gset
{execute} \\g /dev/null
SELECT pg_current_wal_insert_lsn() - :'before';
ROLLBACK TO again;
"""
    found = bench.postgres.sql("cost", f"""{before}
\\echo @@
BEGIN;
PREPARE played AS {text};
{weigh * 4}
\\echo @@
EXPLAIN (ANALYZE, FORMAT JSON) {execute};
\\echo @@
{LOCKS}
ROLLBACK;""").split("@@")
    plan = json.loads(found[2])[0]["Plan"]
    rows = next((each for each in scans(plan) if each > 1), 1)
    # the first time it pays for page images, any time a heartbeat may come in between
    wal = min(int(each) for each in found[1].split()[1:])
    return name, str(len(sent)), str(rows), f"{wal:,}", found[3].strip()


def scans(plan):
    """Rows that a scan of orders gave, through all of the plan."""
    if plan.get("Relation Name") == "orders" and "Scan" in plan["Node Type"]:
        yield int(plan["Actual Rows"] * plan["Actual Loops"])
    for each in plan.get("Plans", []):
        yield from scans(each)


def hot(bench, rows):
    """The share of heap-only updates, as the backfill finds the table and as others would have it."""
    for name, before in (
            ("as the service runs it: the index comes after the backfill", ""),
            ("with the index on the new column", "CREATE INDEX i ON orders (status, id);"),
            ("fillfactor 50", "ALTER TABLE orders SET (fillfactor = 50); VACUUM FULL orders;"),
            ("fillfactor 50, with the index on the new column",
             "ALTER TABLE orders SET (fillfactor = 50); VACUUM FULL orders;"
             "CREATE INDEX i ON orders (status, id);")):
        bench.postgres.copy(bench.template(rows, 1), "turn")
        for statement in filter(None, before.split(";")):
            bench.postgres.sql("turn", statement)
        bench.postgres.settle("turn")
        start = bench.postgres.lsn("turn")
        bench.program.command("turn", "backfill", **FULL_SPEED,
                              BACKFILL_BATCH_SIZE=str(bench.options.batch))
        wal = bench.postgres.lsn("turn") - start
        updated, heap_only = map(int, bench.postgres.sql("turn", HOT).split())
        rate = rows / bench.run_seconds("turn", "forward", rows)
        bench.postgres.drop("turn")
        yield (name, f"{100 * heap_only / updated:.0f} %", f"{wal / rows:.0f}", f"{rate:,.0f}")


def table(lines):
    rows = [lines[0], ("---",) * len(lines[0]), *lines[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


class Log:
    """The statements of one database, from the server's log."""

    def __init__(self, postgres, database):
        self.path, self.database = postgres.log_file, database
        self.offset = 0

    def skip(self):
        time.sleep(0.3)
        self.offset = os.path.getsize(self.path)

    def statements(self, usual=frozenset()):
        """Texts and parameters since the last look, but for the usual ones."""
        time.sleep(0.3)
        with open(self.path, encoding="utf-8", errors="replace") as file:
            file.seek(self.offset)
            text = file.read()
        self.offset += len(text.encode())
        found = []
        for record in re.split(r"^@@\d+@@", text, flags=re.M):
            database, _, words = record.partition("@@")
            sent = re.match(r"LOG:\s+(?:execute [^:]+|statement): (.*)", words, re.S)
            if database != self.database:
                continue
            if sent:
                found.append([re.sub(r"\n\t", "\n", sent.group(1)).strip().rstrip(";"), []])
            elif found and re.match(r"DETAIL:\s+parameters:", words, re.I):
                found[-1][1] = re.findall(r"\$\d+ = ('(?:[^']|'')*'|NULL)", words)
        return [(text, parameters) for text, parameters in found if text not in usual]
