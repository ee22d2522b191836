"""A read by key from the view for readers, and from the table itself."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import load_generators
from .context import BenchContext
from .figure import Figure
from .load_generators import READ, Measurement
from .orders import rates_of

DATABASE = "reader_view"
# as plan prints it for orders-status
VIEW = """
CREATE VIEW orders_status_read AS
SELECT id, status FROM orders
  WHERE EXISTS (SELECT FROM migration_state WHERE name = 'orders-status' AND phase >= 2)
UNION ALL
SELECT id, lower(old_status) AS status FROM orders
  WHERE NOT EXISTS (SELECT FROM migration_state WHERE name = 'orders-status' AND phase >= 2);
"""
BY_FUNCTION = """SELECT CASE WHEN zerodowntime.phase('orders-status') >= 2 THEN status
  ELSE lower(old_status) END AS status FROM orders WHERE id = $1::bigint"""


def measure_reader_view(bench: BenchContext) -> list[Figure]:
    """SELECT by key from the view for readers / from the table, in phases 1 and 2"""
    rows = bench.options.rows
    bench.copy_template(DATABASE, rows, 1, filled=True)
    bench.postgres.sql(DATABASE, VIEW)
    figures = []
    for phase, column in ((1, "lower(old_status)"), (2, "status")):
        bench.postgres.sql(DATABASE, f"UPDATE migration_state SET phase = {phase}")
        statements = {
            "view": "SELECT status FROM orders_status_read WHERE id = $1::bigint",
            "table": f"SELECT {column} AS status FROM orders WHERE id = $1::bigint",
            "function": BY_FUNCTION}
        sides: dict[str, Callable[[], Measurement]] = {
            side: partial(
                bench.run_pgbench, DATABASE,
                bench.write_script(load_generators.pgbench_script(text, READ, rows)),
                READ, bench.options.short_duration, phase)
            for side, text in statements.items()}
        turns = bench.measure_in_turns(f"view, phase {phase}", sides, bench.options.short_turns)
        found = {side: rates_of(each) for side, each in turns.items()}
        cpu = {side: [turn["cpu_us"] for turn in each] for side, each in turns.items()}
        what = f"SELECT by key, phase {phase}:"
        for side, name in (("view", "view"), ("function", "phase()")):
            figures += [
                Figure(f"{what} {name} / table", "1/s", found[side], found["table"]),
                Figure(f"{what} {name} / table, CPU", "µs", cpu[side], cpu["table"], upper=True)]
    bench.postgres.drop_database(DATABASE)
    return figures
