"""A writer of the old column only: with the triggers of sync and of detect, with the pair of
triggers that other tools write, with those of pgroll where its binary is given, and with none."""
from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from harness.errors import HarnessError
from harness.process_group import output_of
from harness.program import ROOT

from . import fence, load_generators
from .context import BenchContext
from .figure import Figure
from .load_generators import Measurement, Parameters
from .orders import rates_of

UPDATE = Parameters(("id", "status"), "\\set id random(1, {rows})\n\\set status random(1, 9)\n", {})
STATEMENT = "UPDATE orders SET old_status = $2::varchar WHERE id = $1::bigint"
BULK_ROWS = 100_000
BULK = f"UPDATE orders SET old_status = old_status || '.' WHERE id <= {BULK_ROWS}"
MIGRATIONS = {"sync": "true", "detect": "detect"}
SIDES: dict[str, tuple[str, ...]] = {
    "plain": (), "guarded": ("guarded_up", "guarded_down"),
    **{side: (f'"zd_sync_orders-{side}_i"', f'"zd_sync_orders-{side}_u"') for side in MIGRATIONS}}
OTHERS = {"sync": "triggers of sync", "detect": "triggers of detect", "plain": "no trigger",
          "guarded": "guarded triggers", "pgroll": "triggers of pgroll"}
GOALS = {("sync", "plain"): 0.8, ("sync", "guarded"): 1.0, ("sync", "pgroll"): 1.0}
DATABASE = "synced"
PGROLL_DATABASE = "synced_pgroll"

# of the column whose counterpart the triggers of sync keep right
PGROLL_MIGRATION = """{"operations": [{"alter_column": {
  "table": "orders", "column": "old_status", "type": "text",
  "up": "lower(old_status)", "down": "upper(old_status)"}}]}"""


def measure_sync(bench: BenchContext) -> list[Figure]:
    """UPDATE of the old column with triggers of sync, of detect and of other tools / with none"""
    rows = max(bench.options.rows, BULK_ROWS)
    bench.copy_template(DATABASE, rows, 1, filled=True)
    fence.create_triggers(bench, DATABASE)
    for side, sync in MIGRATIONS.items():
        create_planned_triggers(bench, f"orders-{side}", sync)
    sides = list(SIDES)
    if bench.options.pgroll:
        start_pgroll(bench, rows)
        sides.append("pgroll")
    script = bench.write_script(load_generators.pgbench_script(STATEMENT, UPDATE, rows))
    figures = []
    for commit in ("on", "off"):
        updates: dict[str, Callable[[], Measurement]] = {
            side: partial(update_rate, bench, side, script, commit) for side in sides}
        found = {side: rates_of(turns) for side, turns in bench.measure_in_turns(
            f"sync, synchronous_commit = {commit}", updates, bench.options.short_turns).items()}
        figures += compared(
            f"UPDATE of the old column, synchronous_commit = {commit}", "1/s", found)
    bulk: dict[str, Callable[[], float]] = {side: partial(bulk_rate, bench, side) for side in sides}
    times = bench.measure_in_turns("sync, bulk", bulk)
    for database in (DATABASE, PGROLL_DATABASE):
        bench.postgres.drop_database(database)
    return figures + compared(
        f"one UPDATE of the old column of {BULK_ROWS:,} rows", "rows/s", times)


def compared(what: str, unit: str, found: dict[str, list[float]]) -> list[Figure]:
    """Each kind of triggers against none, and those of sync against those of other tools."""
    pairs = [(side, "plain") for side in found if side != "plain"]
    pairs += [("sync", other) for other in ("guarded", "pgroll") if other in found]
    return [Figure(f"{what}: {OTHERS[one]} / {OTHERS[other]}", unit, found[one], found[other],
                   GOALS.get((one, other)))
            for one, other in pairs]


def create_planned_triggers(bench: BenchContext, name: str, sync: str) -> None:
    """What the changeset of the plan holds for the definition of orders with sync; its name is
    another one, as no files are written for a migration that is registered."""
    directory = bench.program.processes.directory
    definition = os.path.join(directory, f"{name}.yaml")
    with open(os.path.join(ROOT, "src/main/resources/migrations.yaml"), encoding="utf-8") as file:
        text = file.read().replace("orders-status:", f"{name}:").replace(
            "    key: [id]\n", f"    key: [id]\n    sync: {sync}\n")
    with open(definition, "w", encoding="utf-8") as file:
        file.write(text)
    plan = os.path.join(directory, f"{name}-plan")
    bench.program.run_command(DATABASE, "plan", "--write", plan, MIGRATIONS_FILE=definition)
    with open(os.path.join(plan, f"{name}-010-expand.sql"), encoding="utf-8") as file:
        changeset = file.read().partition(":010-sync ")[2]
    lines = [line for line in changeset.splitlines()[1:] if not line.startswith("--")]
    if not any("zd_sync_" in line for line in lines):
        raise HarnessError(f"the plan has no triggers:\n{changeset}")
    # in phase 1, as the other migration of the table
    bench.postgres.sql(DATABASE, "\n".join(lines) + f"""
        INSERT INTO migration_state
        SELECT (jsonb_populate_record(s, '{{"name": "{name}"}}')).* FROM migration_state AS s
        WHERE name = 'orders-status'""")


def start_pgroll(bench: BenchContext, rows: int) -> None:
    """Lets pgroll begin a migration of the same column: it has filled its own when this returns."""
    bench.copy_template(PGROLL_DATABASE, rows, 1, filled=True)
    directory = bench.program.processes.directory
    migration = os.path.join(directory, "01_status.json")
    with open(migration, "w", encoding="utf-8") as file:
        file.write(PGROLL_MIGRATION)
    for words in (["init"], ["baseline", "00_base", directory, "--yes"], ["start", migration]):
        output_of([str(bench.options.pgroll), "--postgres-url",
                   bench.postgres.url(PGROLL_DATABASE), *words])
    if bench.postgres.sql(PGROLL_DATABASE, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE"
                                           " '_pgroll_trigger_orders_%'") != "2":
        raise HarnessError("pgroll has made no triggers")
    bench.postgres.sql(PGROLL_DATABASE, "ALTER TABLE orders SET (autovacuum_enabled = off)")
    bench.postgres.vacuum_and_checkpoint(PGROLL_DATABASE)


def database_of(side: str) -> str:
    return PGROLL_DATABASE if side == "pgroll" else DATABASE


def choose(bench: BenchContext, side: str) -> None:
    if side == "pgroll":
        return
    enable = "".join(f"ALTER TABLE orders ENABLE TRIGGER {name};" for name in SIDES[side])
    bench.postgres.sql(DATABASE, "ALTER TABLE orders DISABLE TRIGGER USER;" + enable)


def update_rate(bench: BenchContext, side: str, script: str, commit: str) -> Measurement:
    choose(bench, side)
    return bench.run_pgbench(database_of(side), script, UPDATE, bench.options.short_duration,
                             synchronous_commit=commit)


def bulk_rate(bench: BenchContext, side: str) -> float:
    choose(bench, side)
    database = database_of(side)
    millis = bench.postgres.statement_millis(database, BULK)
    others = "" if side == "pgroll" else ", status = 'paid'"
    bench.postgres.sql(database, f"UPDATE orders SET old_status = 'PAID'{others}"
                                 f" WHERE id <= {BULK_ROWS}")
    bench.postgres.vacuum_and_checkpoint(database)
    return BULK_ROWS * 1000 / millis
