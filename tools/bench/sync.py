"""A writer of the old column only: with the triggers of sync, with the pair of triggers that other
tools write, and with none."""
from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from harness.errors import HarnessError
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
SIDES: dict[str, tuple[str, ...]] = {
    "plain": (), "sync": ('"zd_sync_orders-synced_i"', '"zd_sync_orders-synced_u"'),
    "guarded": ("guarded_up", "guarded_down")}
DATABASE = "synced"


def measure_sync(bench: BenchContext) -> list[Figure]:
    """UPDATE of the old column with the triggers of sync / with none, and with a guarded pair"""
    rows = max(bench.options.rows, BULK_ROWS)
    bench.copy_template(DATABASE, rows, 1, filled=True)
    fence.create_triggers(bench, DATABASE)
    bench.postgres.sql(DATABASE, planned_triggers(bench))
    script = bench.write_script(load_generators.pgbench_script(STATEMENT, UPDATE, rows))
    figures = []
    for commit in ("on", "off"):
        sides: dict[str, Callable[[], Measurement]] = {
            side: partial(update_rate, bench, side, script, commit) for side in SIDES}
        found = {side: rates_of(turns) for side, turns in bench.measure_in_turns(
            f"sync, synchronous_commit = {commit}", sides, bench.options.short_turns).items()}
        what = f"UPDATE of the old column, synchronous_commit = {commit}:"
        figures += [
            Figure(f"{what} sync / no trigger", "1/s", found["sync"], found["plain"], 0.8),
            Figure(f"{what} sync / guarded triggers", "1/s", found["sync"], found["guarded"], 1)]
    bulk: dict[str, Callable[[], float]] = {
        side: partial(bulk_rate, bench, side) for side in SIDES}
    times = bench.measure_in_turns("sync, bulk", bulk)
    bench.postgres.drop_database(DATABASE)
    what = f"one UPDATE of the old column of {BULK_ROWS:,} rows:"
    return [
        *figures,
        Figure(f"{what} sync / no trigger", "rows/s", times["sync"], times["plain"], 0.8),
        Figure(f"{what} sync / guarded triggers", "rows/s", times["sync"], times["guarded"], 1)]


def planned_triggers(bench: BenchContext) -> str:
    """What the changeset of the plan holds for the definition of orders with sync; its name is
    another one, as no files are written for a migration that is registered."""
    directory = bench.program.processes.directory
    definition = os.path.join(directory, "synced.yaml")
    with open(os.path.join(ROOT, "src/main/resources/migrations.yaml"), encoding="utf-8") as file:
        text = file.read().replace("orders-status:", "orders-synced:").replace(
            "    key: [id]\n", "    key: [id]\n    sync: true\n")
    with open(definition, "w", encoding="utf-8") as file:
        file.write(text)
    plan = os.path.join(directory, "synced-plan")
    bench.program.run_command(DATABASE, "plan", "--write", plan, MIGRATIONS_FILE=definition)
    with open(os.path.join(plan, "orders-synced-010-expand.sql"), encoding="utf-8") as file:
        changeset = file.read().partition(":010-sync ")[2]
    lines = [line for line in changeset.splitlines()[1:] if not line.startswith("--")]
    if not any("zd_sync_" in line for line in lines):
        raise HarnessError(f"the plan has no triggers:\n{changeset}")
    return "\n".join(lines)


def choose(bench: BenchContext, side: str) -> None:
    enable = "".join(f"ALTER TABLE orders ENABLE TRIGGER {name};" for name in SIDES[side])
    bench.postgres.sql(DATABASE, "ALTER TABLE orders DISABLE TRIGGER USER;" + enable)


def update_rate(bench: BenchContext, side: str, script: str, commit: str) -> Measurement:
    choose(bench, side)
    return bench.run_pgbench(DATABASE, script, UPDATE, bench.options.short_duration,
                             synchronous_commit=commit)


def bulk_rate(bench: BenchContext, side: str) -> float:
    choose(bench, side)
    millis = bench.postgres.statement_millis(DATABASE, BULK)
    bench.postgres.sql(DATABASE, f"UPDATE orders SET old_status = 'PAID', status = 'paid'"
                                 f" WHERE id <= {BULK_ROWS}")
    bench.postgres.vacuum_and_checkpoint(DATABASE)
    return BULK_ROWS * 1000 / millis
