"""The backfill of tables with other keys, and of partitioned ones, against plain ones."""
from __future__ import annotations

import os
from functools import partial

from harness.errors import HarnessError

from .context import FULL_SPEED, BenchContext
from .figure import Figure

PARTITIONS = 300

# each table has the same columns, and its primary key only
TABLES = {
    "bigint": ("[id]", "PRIMARY KEY (id)", ""),
    "composite": ("[occurred_at, id]", "PRIMARY KEY (occurred_at, id)", ""),
    "uuid": ("[uid]", "PRIMARY KEY (uid)", ""),
    "partitions": ("[occurred_at, id]", "PRIMARY KEY (occurred_at, id)",
                   "PARTITION BY RANGE (occurred_at)"),
    "hash": ("[id]", "PRIMARY KEY (id)", "PARTITION BY HASH (id)"),
}

DEFINITION = """\
migrations:
  orders-status:
    table: orders
    key: [id]
    old: {{old_status: upper(status)}}
    new: {{status: lower(old_status)}}
  measured:
    table: measured
    key: {key}
    old: {{old_kind: upper(kind)}}
    new: {{kind: lower(old_kind)}}
"""

# rows lie in the order of id and occurred_at; uid is random
TABLE = """
CREATE TABLE measured (id bigint NOT NULL, uid uuid NOT NULL, occurred_at timestamptz NOT NULL,
  amount numeric(12,2) NOT NULL, old_kind varchar(50) NOT NULL, kind varchar(50)) {partitioned};
{partitions}
INSERT INTO measured (id, uid, occurred_at, amount, old_kind)
SELECT n, gen_random_uuid(), timestamptz '2026-01-01 UTC'
    + (n - 1) * ({days} * interval '1 day' / {rows}), 1 + (n * 104729 % 99999) / 100.0,
  (ARRAY['PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'Paid', 'Shipped'])
    [1 + n * 31 % 7]
FROM generate_series(1, {rows}::bigint) AS n;
ALTER TABLE measured ADD {key};
INSERT INTO migration_state (name, phase, epoch, drained_at) VALUES ('measured', 1, 1, now());
"""

BY_DAY = """
SELECT format('CREATE TABLE measured_%s PARTITION OF measured FOR VALUES FROM (%L) TO (%L)', n,
  timestamptz '2026-01-01 UTC' + n * interval '1 day',
  timestamptz '2026-01-02 UTC' + n * interval '1 day')
FROM generate_series(0, {last}) AS n \\gexec
"""

BY_HASH = """
SELECT format('CREATE TABLE measured_%s PARTITION OF measured FOR VALUES WITH (MODULUS %s,'
  ' REMAINDER %s)', n, {last} + 1, n) FROM generate_series(0, {last}) AS n \\gexec
"""

# what PostgreSQL itself takes for the rows in the order of a key: nothing but the two statements
IN_ORDER = """
CREATE PROCEDURE in_order(size integer) LANGUAGE plpgsql AS $$
DECLARE
  low {type};
  high {type};
BEGIN
  PERFORM set_config('synchronous_commit', 'off', false);
  SELECT {column} INTO low FROM measured ORDER BY {column} LIMIT 1;
  LOOP
    SELECT k INTO high FROM (
      SELECT {column} AS k FROM measured WHERE {column} >= low ORDER BY {column} LIMIT size) page
    ORDER BY k DESC LIMIT 1;
    UPDATE measured SET kind = lower(old_kind)
    WHERE {column} >= low AND {column} <= high AND kind IS DISTINCT FROM lower(old_kind);
    COMMIT;
    EXIT WHEN high = low;
    low := high;
  END LOOP;
END $$;
"""

LAST_RUN = """
SELECT state, scanned, extract(epoch FROM finished_at - started_at),
  (SELECT count(*) FROM measured WHERE kind IS DISTINCT FROM lower(old_kind))
FROM backfill_run WHERE migration = 'measured' ORDER BY id DESC LIMIT 1
"""


def make_template(bench: BenchContext, name: str, rows: int) -> None:
    _, key, partitioned = TABLES[name]
    database = f"template_{name}"
    bench.log(f"makes {rows:,} rows, {name}")
    bench.postgres.sql("postgres", f"CREATE DATABASE {database}")
    bench.program.run_command(database, "expand")
    made = {"partitions": BY_DAY, "hash": BY_HASH}.get(name, "").format(last=PARTITIONS - 1)
    bench.postgres.sql(database, TABLE.format(
        partitioned=partitioned, partitions=made, days=PARTITIONS, rows=rows, key=key))
    bench.postgres.vacuum_and_checkpoint(database)


def rate(bench: BenchContext, name: str, rows: int, workers: int) -> float:
    """Rows a second by the run's own clock: from the cut of its ranges to the proof of its
    count."""
    bench.postgres.copy_database(f"template_{name}", "turn")
    definition = os.path.join(bench.program.processes.directory, f"{name}.yaml")
    with open(definition, "w", encoding="utf-8") as file:
        file.write(DEFINITION.format(key=TABLES[name][0]))
    bench.program.run_command(
        "turn", "backfill", "measured", **FULL_SPEED, MIGRATIONS_FILE=definition,
        BACKFILL_WORKERS=str(workers), BACKFILL_BATCH_SIZE=str(bench.options.batch))
    state, scanned, seconds, left = bench.postgres.sql("turn", LAST_RUN).split("|")
    if (state, int(scanned), int(left)) != ("complete", rows, 0):
        raise HarnessError(f"the run is {state}: {scanned} of {rows} rows, {left} disagree")
    bench.postgres.drop_database("turn")
    return rows / float(seconds)


def in_order_rate(bench: BenchContext, name: str, column: str, kind: str, rows: int) -> float:
    """Rows a second of the same batches by a procedure in the server."""
    bench.postgres.copy_database(f"template_{name}", "turn")
    bench.postgres.sql("turn", IN_ORDER.format(column=column, type=kind))
    millis = bench.postgres.statement_millis("turn", f"CALL in_order({bench.options.batch})")
    bench.postgres.drop_database("turn")
    return rows * 1000 / millis


def measure_keys(bench: BenchContext) -> list[Figure]:
    """the backfill of other keys and of 300 partitions against a plain table"""
    rows = bench.options.rows
    for name in TABLES:
        make_template(bench, name, rows)
    sides = {name: partial(rate, bench, name, rows, 1) for name in TABLES}
    sides["bigint in the server"] = partial(in_order_rate, bench, "bigint", "id", "bigint", rows)
    sides["uuid in the server"] = partial(in_order_rate, bench, "uuid", "uid", "uuid", rows)
    found = bench.measure_in_turns("keys", sides)
    for name in TABLES:
        bench.postgres.drop_database(f"template_{name}")
    end = f", {rows:,} rows, 1 worker, full speed"

    def compared(what: str, ours: str, other: str, goal: float | None) -> Figure:
        return Figure(f"{what}{end}", "rows/s", found[ours], found[other], goal)

    return [
        compared("backfill of a key (timestamptz, bigint) / of a bigint key", "composite",
                 "bigint", 0.85),
        compared("backfill of a random uuid key / of a bigint key", "uuid", "bigint", 0.85),
        compared("the limit: batches in the server by a random uuid / by a bigint",
                 "uuid in the server", "bigint in the server", None),
        compared(f"backfill of {PARTITIONS} partitions by day / of a plain table, key "
                 "(timestamptz, bigint)", "partitions", "composite", 0.8),
        compared(f"backfill of {PARTITIONS} partitions by hash / of a plain table, bigint key",
                 "hash", "bigint", 0.8),
    ]
