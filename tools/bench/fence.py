"""Dual-write by the fence, by triggers, and by an application that has neither."""
import re

from . import load_generators as loads
from .context import BODY
from .orders import ALONE, KEYED, create_under_key
from .report import Figure

# the rivals. "trigger" is the least that there can be; "guarded" is how tools that serve two
# versions of a schema write theirs: one function per direction, a variable per column, and a look
# at the search path, which says by which version the row comes
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
NAMES = {"fence": (), "plain": (), "trigger": ("lean",), "guarded": ("guarded_up", "guarded_down")}
COLUMNS = ("id", "user_id", "amount", "old_status", "created_at", "status")

# what an application sends that has no fence; {json} is the order as the service gives it back
PLAIN = {
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
BOTH = {"columns": "old_status, status", "values": "upper($4::varchar), $4::varchar",
        "assignments": "old_status = upper($3::varchar), status = $3::varchar"}
# the trigger computes the other one
OLD = {"columns": "old_status", "values": "upper($4::varchar)",
       "assignments": "old_status = upper($3::varchar)"}


def create(service):
    service.call("/orders", BODY)


def change(service):
    service.call("/orders/1", b'{"status":"paid"}', method="PATCH")


# the service's own statements: by what they are known, how it is made to send them
KINDS = {"INSERT": (loads.CREATE, "INSERT INTO orders \\(user_id", create),
         "UPDATE": (loads.PATCH, "^\\s*UPDATE orders AS o", change),
         "keyed INSERT": (loads.POST, KEYED, create_under_key)}


def fence(bench):
    """dual-write by the fence against none and against triggers; waits for the disk or not"""
    service = bench.serving(1, **ALONE)
    captured = {kind: bench.captured(service, *KINDS[kind][1:]) for kind in KINDS}
    service.stop()
    bench.postgres.sql(service.database, TRIGGERS.format(
        columns=" ".join(f"{name} public.orders.{name}%TYPE := NEW.{name};" for name in COLUMNS),
        triggers="\n".join(TRIGGER.format(each) for each in sum(NAMES.values(), ()))))
    figures = []
    for kind, (load, _, _) in KINDS.items():
        scripts = {side: bench.script(loads.script(text, load, bench.options.rows))
                   for side, text in variants(kind, captured[kind]).items()}
        for commit in ("on", "off"):
            figures += measure(bench, service.database, kind, load, scripts, commit)
    bench.postgres.drop(service.database)
    return figures


def variants(kind, text):
    """The four statements of one kind, from the service's own."""
    json = re.search(r"""'\{"id":'.*?'"\}'""", text, re.S).group(0)
    return {"fence": text, "plain": PLAIN[kind].format(json=json, **BOTH),
            **{side: PLAIN[kind].format(json=json, **OLD) for side in ("trigger", "guarded")}}


def measure(bench, database, kind, load, scripts, commit):
    bench.fresh(database)

    def side(name):
        enable = "".join(f"ALTER TABLE orders ENABLE TRIGGER {each};" for each in NAMES[name])
        bench.postgres.sql(database, "ALTER TABLE orders DISABLE TRIGGER USER;" + enable)
        return bench.pgbench(database, scripts[name], load, bench.options.short_duration,
                             synchronous_commit=commit)

    found = bench.turns(f"{kind}, synchronous_commit = {commit}",
                        {name: lambda name=name: side(name) for name in scripts},
                        bench.options.short_turns)
    rates, cpu = ({name: [each[unit] for each in turns] for name, turns in found.items()}
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
