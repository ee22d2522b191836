"""The plan of every statement on a small and on a big table, as auto_explain writes it."""
from __future__ import annotations

import json
import os
import re
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.flags import flag_values
from harness.json_object import JsonObject
from harness.postgres import LOAD_ORDERS

from .context import BODY, BenchContext
from .cost import markdown_table
from .figure import Figure
from .service import Service

# rows that disagree at first: a hundred batches of a thousand
DIFFERING = 100_000
BATCHES = 150
# every connection of the service, from its start; the plans are read from the server's log
EXPLAIN = """
ALTER DATABASE {0} SET session_preload_libraries = 'auto_explain';
ALTER DATABASE {0} SET auto_explain.log_min_duration = 0;
ALTER DATABASE {0} SET auto_explain.log_analyze = on;
ALTER DATABASE {0} SET auto_explain.log_timing = off;
ALTER DATABASE {0} SET auto_explain.log_buffers = on;
ALTER DATABASE {0} SET auto_explain.log_wal = on;
ALTER DATABASE {0} SET auto_explain.log_format = json;
ALTER DATABASE {0} SET auto_explain.log_parameter_max_length = 0;
"""
# a key of two columns, in a row as narrow as can be
LOAD_EVENTS = """
CREATE TABLE event (occurred_at timestamptz, id bigint, old_kind text, kind text);
INSERT INTO event
SELECT timestamptz '2026-01-01Z' + n / 4 * interval '1 second', n, 'PAID',
  CASE WHEN n > {differing} THEN 'paid' END
FROM generate_series(1, {rows}::bigint) AS n;
ALTER TABLE event ADD PRIMARY KEY (occurred_at, id);
INSERT INTO migration_state (name) VALUES ('event-kind');
"""
DEFINITIONS = """
migrations:
  orders-status:
    table: orders
    key: [id]
    old: {old_status: upper(status)}
    new: {status: lower(old_status)}
    indexes: {new: [orders_status_idx], old: [orders_old_status_idx]}
  event-kind:
    table: event
    key: [occurred_at, id]
    old: {old_kind: upper(kind)}
    new: {kind: lower(old_kind)}
"""
MIGRATIONS = ("orders-status", "event-kind")
BATCHES_DONE = """
SELECT COALESCE(sum(batches), 0) FROM backfill_progress
WHERE run_id = (SELECT max(id) FROM backfill_run WHERE migration = '{}')
"""
LAST_STATE = "SELECT kind || ' ' || state FROM backfill_run WHERE migration = '{}' ORDER BY id DESC"
# what is left of a run has the plan of what was seen; the count of the table follows
CLOSE_RANGES = """
UPDATE backfill_progress SET done = true
WHERE NOT done AND run_id IN (SELECT id FROM backfill_run WHERE kind = 'forward')
"""
# as after a step; each row that disagrees is one for a batch in reverse
ENTER_PHASE_2 = f"""
UPDATE migration_state SET phase = 2, epoch = epoch + 1, drained_at = now(), draining = NULL;
UPDATE orders SET old_status = 'other' WHERE id <= {DIFFERING};
UPDATE event SET old_kind = 'other' WHERE id <= {DIFFERING};
"""
# the first pattern that a statement has names it
STATEMENTS = (
    ("batch, forward", r"zd_claim.*r\.kind = 'forward'.*written AS"),
    ("batch, reverse", r"zd_claim.*r\.kind = 'reverse'.*written AS"),
    ("comparison in the order of the key", r"zd_claim.*r\.kind = 'parity'"),
    ("comparison in one snapshot, a range of pages", r"zd_seen AS"),
    ("ranges are cut", r"zd_low AS"),
    ("count of the table, a page of 10,000", r"FETCH FIRST"),
    ("INSERT with the fence", r"INSERT INTO orders"),
    ("UPDATE with the fence", r"UPDATE orders AS o"),
    ("read of an order", r"FROM migration_state AS s LEFT JOIN orders AS o"),
    ("catalog, of gates and definitions",
     r"\bpg_(attribute|index|depend|constraint|class|trigger)\b"),
    ("heartbeat", r"migration_instance"),
)


@dataclass(frozen=True)
class Seen:
    """One execution: the rows of its page, its buffers, its WAL."""

    nodes: tuple[str, ...]
    rows: int
    buffers: int
    wal: int
    images: int


def measure_scale(bench: BenchContext) -> list[Figure]:
    """plans, buffers, WAL of every statement with the first and the last number of --growth rows"""
    few, many = bench.options.growth[0], bench.options.growth[-1]
    small, big = measure_plans(bench, few), measure_plans(bench, many)
    head = ("statement", "table", "plan", "rows", f"buffers, {few:,} rows",
            f"buffers, {many:,} rows", "WAL bytes a row", "page images")
    lines = [line(name, small.get(name, []), seen) for name, seen in sorted(big.items())]
    bench.notes.append("Every statement, the median of its executions, and in parentheses the "
                       "most:\n\n"
                       + markdown_table([head, *lines]))
    return []


def line(name: tuple[str, str], small: Sequence[Seen], big: Sequence[Seen]) -> tuple[str, ...]:
    found = full_pages(name[0], big)
    usual, each = median(found), max(1, *(seen.rows for seen in found))
    few = f"{median(full_pages(name[0], small)).buffers:,}" if small else ""
    return (*name, ", ".join(usual.nodes), f"{usual.rows:,}", few,
            f"{usual.buffers:,} ({max(seen.buffers for seen in found):,})",
            f"{usual.wal / each:,.0f} ({max(seen.wal for seen in found) / each:,.0f})",
            f"{usual.images:,} ({max(seen.images for seen in found):,})")


def full_pages(name: str, found: Sequence[Seen]) -> Sequence[Seen]:
    """The executions that handled a full page, and those of batches that wrote its rows."""
    rows = max(seen.rows for seen in found)
    full = [seen for seen in found if seen.rows > rows * 0.99 - 1]
    least = max(seen.wal for seen in full) / 100 if name.startswith("batch") else 0
    return [seen for seen in full if seen.wal >= least]


def median(found: Sequence[Seen]) -> Seen:
    """The execution with the median of the buffers."""
    middle = statistics.median_low([seen.buffers for seen in found])
    return next(seen for seen in found if seen.buffers == middle)


def measure_plans(bench: BenchContext, rows: int) -> Mapping[tuple[str, str], list[Seen]]:
    database = f"scale_{rows}"
    load(bench, database, rows)
    offset = os.path.getsize(bench.postgres.log_file)
    with_snapshot = serve(bench, database, 1)
    for key in ("a", "b", "c"):
        with_snapshot.call("/orders", BODY, idempotency_key=key)
        with_snapshot.call("/orders", BODY)
        with_snapshot.call("/orders/7", b'{"status":"' + key.encode() + b'"}', method="PATCH")
        with_snapshot.call("/orders/7")
    start(with_snapshot, "backfill")
    await_batches(bench, database)
    bench.postgres.sql(database, CLOSE_RANGES)
    for migration in MIGRATIONS:
        await_state(bench, database, migration, "complete")
        await_state(bench, database, migration, "parity complete")
    with_snapshot.stop()
    in_key_order = serve(bench, database, 1, PARITY_SNAPSHOT_LIMIT="0s")
    start(in_key_order, "parity")
    await_batches(bench, database)
    in_key_order.stop()
    bench.postgres.sql(database, ENTER_PHASE_2)
    in_reverse = serve(bench, database, 2)
    start(in_reverse, "backfill")
    await_batches(bench, database)
    in_reverse.stop()
    found: dict[tuple[str, str], list[Seen]] = {}
    for text, plan in read_plans(bench.postgres.log_file, offset, database):
        name = next((name for name, pattern in STATEMENTS if re.search(pattern, text, re.S)), None)
        if name:
            found.setdefault((name, table_of(name, text)), []).append(see(plan))
    bench.postgres.drop_database(database)
    return found


def load(bench: BenchContext, database: str, rows: int) -> None:
    bench.log(f"makes {rows:,} orders and events")
    bench.postgres.sql("postgres", f"CREATE DATABASE {database}")
    bench.program.run_command(database, "expand")
    bench.postgres.sql(database, LOAD_ORDERS.format(
        rows=rows, columns="old_status, status",
        values=f"legacy, CASE WHEN n > {DIFFERING} THEN lower(legacy) END"))
    bench.postgres.sql(database, LOAD_EVENTS.format(rows=rows, differing=DIFFERING))
    bench.postgres.sql(database, EXPLAIN.format(database))
    bench.postgres.vacuum_and_checkpoint(database)


def serve(bench: BenchContext, database: str, phase: int, **settings: str) -> Service:
    """An instance with the flags of both migrations in its environment."""
    bench.log(f"serves {database} in phase {phase}")
    file = bench.write_script(DEFINITIONS)
    flags = {prefix + name: value for name, value in flag_values(phase).items()
             for prefix in ("", "event-kind.")}
    service = bench.program.serve(database, phase, **{
        "MIGRATIONS_FILE": file, "FLAGS_DIR": "", "BACKFILL_TARGET_LOAD": "1",
        "BACKFILL_DELAY": "0ms", **flags, **settings})
    await_answer(bench, database, "SELECT count(*) FROM migration_state WHERE phase = "
                 f"{phase} AND drained_at IS NOT NULL", str(len(MIGRATIONS)))
    return service


def start(service: Service, run: str) -> None:
    for migration in MIGRATIONS:
        service.call(f"/migrations/{migration}/{run}", b"{}" if run == "backfill" else b"",
                     operator=True)


def await_batches(bench: BenchContext, database: str) -> None:
    for migration in MIGRATIONS:
        await_answer(bench, database, f"SELECT ({BATCHES_DONE.format(migration)}) >= {BATCHES}"
                     f" OR EXISTS (SELECT FROM backfill_run WHERE state = 'complete' AND id ="
                     f" (SELECT max(id) FROM backfill_run WHERE migration = '{migration}'))", "t")


def await_state(bench: BenchContext, database: str, migration: str, state: str) -> None:
    await_answer(bench, database,
                 f"SELECT ({LAST_STATE.format(migration)} LIMIT 1) LIKE '%{state}'", "t")


def await_answer(bench: BenchContext, database: str, query: str, answer: str) -> None:
    deadline = time.monotonic() + 600
    while bench.postgres.sql(database, query) != answer:
        if time.monotonic() > deadline:
            raise HarnessError(f"not {answer}: {query}\n" + bench.program.log_tail(database))
        time.sleep(0.3)


def read_plans(path: str, offset: int, database: str) -> Iterator[tuple[str, JsonObject]]:
    """The text and the plan of each statement of the service in the log."""
    with open(path, encoding="utf-8", errors="replace") as file:
        file.seek(offset)
        text = file.read()
    for record in re.split(r"^@@\d+@@", text, flags=re.M):
        name, _, words = record.partition("@@")
        plan = re.match(r"LOG:\s+duration: [\d.]+ ms\s+plan:\n(.*)", words, re.S)
        if name == database and plan:
            found: JsonObject = json.loads(plan.group(1).replace("\n\t", "\n"))
            yield found["Query Text"], found["Plan"]


def table_of(name: str, text: str) -> str:
    if name.startswith(("catalog", "heartbeat")):
        return ""
    return "event" if re.search(r"\bevent\b", text) else "orders"


def see(plan: JsonObject) -> Seen:
    nodes = [node for node in walk(plan) if node["Actual Loops"] > 0]
    scans = [f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name'))}"
             for node in nodes if node.get("Relation Name") in ("orders", "event")
             and "Scan" in node["Node Type"]]
    pages = [int(node["Actual Rows"] * node["Actual Loops"]) for node in nodes
             if node["Node Type"] == "Limit" or (node.get("Relation Name") in ("orders", "event")
                                                 and "Scan" in node["Node Type"])]
    return Seen(tuple(dict.fromkeys(scans)), max(pages, default=0),
                plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], plan["WAL Bytes"],
                plan["WAL FPI"])


def walk(plan: JsonObject) -> Iterator[JsonObject]:
    yield plan
    for each in plan.get("Plans", []):
        yield from walk(each)
