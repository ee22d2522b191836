"""Dual-write by the fence, by triggers, and by an application that has neither."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from harness.errors import HarnessError

from . import load_generators
from .context import BODY, BenchContext
from .figure import Figure
from .load_generators import CREATE, KEYED_CREATE, UPDATE, Measurement, Parameters
from .orders import KEYED_INSERT, NO_SHARING, create_with_key
from .service import Service

# the triggers that the fence is compared with. "lean" is the least that there can be. "guarded" is
# how tools that serve two versions of a schema write theirs: one function per direction, a variable
# per column, and a read of the search path, which says by which version the row comes
TRIGGERS = """
CREATE FUNCTION lean() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.status := lower(NEW.old_status);
  RETURN NEW;
END $$;
CREATE FUNCTION guarded_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE {columns}
  version text;
BEGIN
  SELECT current_setting INTO version FROM current_setting('search_path');
  IF version != 'public_02' THEN
    NEW.status = lower(old_status);
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION guarded_down() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE {columns}
  version text;
BEGIN
  SELECT current_setting INTO version FROM current_setting('search_path');
  IF version = 'public_02' THEN
    NEW.old_status = upper(status);
  END IF;
  RETURN NEW;
END $$;
{triggers}
ALTER TABLE orders DISABLE TRIGGER USER;
ALTER TABLE orders SET (autovacuum_enabled = off);
ALTER TABLE idempotency_key SET (autovacuum_enabled = off);
"""
TRIGGER = """CREATE TRIGGER {0} BEFORE INSERT OR UPDATE ON orders
FOR EACH ROW EXECUTE FUNCTION {0}();"""
TRIGGERS_OF_SIDE: dict[str, tuple[str, ...]] = {
    "fence": (), "plain": (), "trigger": ("lean",),
    "guarded": ("guarded_up", "guarded_down")}
COLUMNS = ("id", "user_id", "amount", "old_status", "created_at", "status")

# what an application sends that has no fence; {json} is the order as the service gives it back
STATEMENTS_WITHOUT_FENCE = {
    "INSERT": """
INSERT INTO orders (user_id, amount, {columns})
VALUES ($2::bigint, $3::numeric, {values})
RETURNING {json} AS json""",
    "UPDATE": """
UPDATE orders AS o SET {assignments} WHERE o.id = $2::bigint
RETURNING {json} AS json""",
    "keyed INSERT": """
WITH candidate AS (
  SELECT nextval('orders_id_seq') AS id, now() AS created_at
), claim AS (
  INSERT INTO idempotency_key AS held (key, fingerprint, status, response)
  SELECT $5::varchar, $6::bytea, 201, {json} FROM candidate
  ON CONFLICT (key) DO UPDATE
  SET fingerprint = excluded.fingerprint, status = excluded.status,
    response = excluded.response, created_at = excluded.created_at
  WHERE held.created_at < now() - $7::float8 * interval '1 second'
  RETURNING response
), created AS (
  INSERT INTO orders (id, user_id, amount, created_at, {columns})
  SELECT id, $2::bigint, $3::numeric, created_at, {values} FROM candidate, claim
)
SELECT claim.response AS json FROM claim""",
}
BOTH_COLUMNS = {
    "columns": "old_status, status", "values": "upper($4::varchar), $4::varchar",
    "assignments": "old_status = upper($3::varchar), status = $3::varchar"}
# a trigger computes the other column
OLD_COLUMN = {"columns": "old_status", "values": "upper($4::varchar)",
              "assignments": "old_status = upper($3::varchar)"}


def create_order(service: Service) -> None:
    service.call("/orders", BODY)


def update_order(service: Service) -> None:
    service.call("/orders/1", b'{"status":"paid"}', method="PATCH")


@dataclass(frozen=True)
class WriteKind:
    """A statement of the service: a pattern that finds it, and a request that sends it."""

    parameters: Parameters
    pattern: str
    send: Callable[[Service], None]


KINDS = {"INSERT": WriteKind(CREATE, "INSERT INTO orders \\(user_id", create_order),
         "UPDATE": WriteKind(UPDATE, "^\\s*UPDATE orders AS o", update_order),
         "keyed INSERT": WriteKind(KEYED_CREATE, KEYED_INSERT, create_with_key)}


def measure_fence(bench: BenchContext) -> list[Figure]:
    """dual-write by the fence against none and against triggers; waits for the disk or not"""
    service = bench.serve_phase(1, **NO_SHARING)
    captured = {name: bench.capture_statement(service, kind.pattern, kind.send)
                for name, kind in KINDS.items()}
    service.stop()
    create_triggers(bench, service.database)
    figures = []
    for name, kind in KINDS.items():
        scripts = {
            side: bench.write_script(
                load_generators.pgbench_script(text, kind.parameters, bench.options.rows))
            for side, text in statements_of_sides(name, captured[name]).items()}
        for commit in ("on", "off"):
            figures += measure_kind(bench, service.database, name, scripts, commit)
    bench.postgres.drop_database(service.database)
    return figures


def create_triggers(bench: BenchContext, database: str) -> None:
    """The triggers of every side, all of them disabled."""
    every_trigger = [name for names in TRIGGERS_OF_SIDE.values() for name in names]
    bench.postgres.sql(database, TRIGGERS.format(
        columns=" ".join(f"{name} public.orders.{name}%TYPE := NEW.{name};" for name in COLUMNS),
        triggers="\n".join(TRIGGER.format(name) for name in every_trigger)))


def statements_of_sides(kind: str, fenced: str) -> dict[str, str]:
    """The four statements of one kind, from the service's own."""
    found = re.search(r"""'\{"id":'.*?'"\}'""", fenced, re.S)
    if found is None:
        raise HarnessError(f"the service's {kind} returns no JSON")
    plain, json = STATEMENTS_WITHOUT_FENCE[kind], found.group(0)
    triggered = plain.format(json=json, **OLD_COLUMN)
    return {"fence": fenced, "plain": plain.format(json=json, **BOTH_COLUMNS),
            "trigger": triggered, "guarded": triggered}


def measure_kind(bench: BenchContext, database: str, kind: str, scripts: dict[str, str],
                 commit: str) -> list[Figure]:
    bench.clear_keys(database)

    def run_side(side: str) -> Measurement:
        enable = "".join(f"ALTER TABLE orders ENABLE TRIGGER {name};"
                         for name in TRIGGERS_OF_SIDE[side])
        bench.postgres.sql(database, "ALTER TABLE orders DISABLE TRIGGER USER;" + enable)
        return bench.run_pgbench(database, scripts[side], KINDS[kind].parameters,
                                 bench.options.short_duration, synchronous_commit=commit)

    sides: dict[str, Callable[[], Measurement]] = {
        side: partial(run_side, side) for side in scripts}
    found = bench.measure_in_turns(
        f"{kind}, synchronous_commit = {commit}", sides, bench.options.short_turns)
    rates, cpu = ({side: [each[unit] for each in turns] for side, turns in found.items()}
                  for unit in ("rate", "cpu_us"))
    what = f"{kind}, dual-write, synchronous_commit = {commit}: fence"
    return [
        Figure(f"{what} / no fence", "1/s", rates["fence"], rates["plain"], 0.97),
        Figure(f"{what} / trigger", "1/s", rates["fence"], rates["trigger"], 1),
        Figure(f"{what} / guarded triggers", "1/s", rates["fence"], rates["guarded"], 1),
        Figure(f"{what} / no fence, CPU", "µs", cpu["fence"], cpu["plain"], 1.03, upper=True),
        Figure(f"{what} / trigger, CPU", "µs", cpu["fence"], cpu["trigger"], 1, upper=True),
        Figure(f"{what} / guarded triggers, CPU", "µs", cpu["fence"], cpu["guarded"], 1,
               upper=True),
    ]
