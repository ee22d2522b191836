"""What the parts share: databases, services, turns."""
import os
import time

from . import load_generators as loads
from harness.postgres import COMPLETE_RUN

FULL_SPEED = {"BACKFILL_TARGET_LOAD": "1", "BACKFILL_DELAY": "0ms"}
BODY = b'{"userId":1,"amount":100,"status":"paid"}'


class Bench:
    def __init__(self, postgres, program, options):
        self.postgres = postgres
        self.program = program
        self.options = options
        self.templates = set()
        self.notes = []

    def say(self, text):
        print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)

    # databases

    def template(self, rows, phase, filled=False):
        """A database in that phase with that many orders, made once; in phase 1 they are legacy."""
        name = f"template_{phase}_{rows}" + ("_filled" if filled else "")
        if name not in self.templates:
            self.say(f"makes {rows:,} orders in phase {phase}")
            self.postgres.sql("postgres", f"CREATE DATABASE {name}")
            self.program.command(name, "expand")
            service = self.program.serve(name, min(phase, 1))
            if phase > 1:
                service.climb(phase)
            service.stop()
            self.postgres.load(name, rows, phase, filled)
            self.templates.add(name)
        return name

    def run_seconds(self, database, kind, rows):
        """How long the last run took by its own clock; all rows must be as it should leave them."""
        state, scanned, seconds, left = self.postgres.sql(
            database, COMPLETE_RUN.format(kind=kind)).split("|")
        if (state, int(scanned), int(left)) != ("complete", rows, 0):
            raise SystemExit(f"the run is {state}: {scanned} of {rows} rows, {left} disagree")
        return float(seconds)

    # services

    def serving(self, phase, **settings):
        name = f"requests_{phase}"
        self.postgres.copy(self.template(self.options.rows, phase), name)
        return self.program.serve(name, phase, **settings)

    def stop(self, services):
        for service in services:
            service.stop()
            self.postgres.drop(service.database)

    def warm(self, service, lua, *arguments):
        self.say(f"warms {service.database} up for {self.options.warmup} s")
        loads.wrk(service.port, lua, self.options.clients, self.options.warmup, *arguments)

    def captured(self, service, pattern, call):
        """The very text of a statement of the service."""
        for _ in range(self.options.connections):
            call(service)
        return loads.statement_of(self.postgres, service.database, pattern)

    def statement(self, service, load, pattern, call):
        """A statement of the service as pgbench's script."""
        text = self.captured(service, pattern, call)
        return self.script(loads.script(text, load, self.options.rows))

    def script(self, text):
        path = os.path.join(self.program.owned.directory, f"{abs(hash(text))}.sql")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def pgbench(self, database, path, load, seconds=None, **settings):
        return loads.pgbench(self.postgres, database, path, load, self.options.connections,
                             seconds or self.options.duration, **settings)

    def wrk(self, port, lua, *arguments, clients=None, seconds=None):
        return loads.wrk(port, lua, clients or self.options.clients,
                         seconds or self.options.duration, *arguments)

    def fresh(self, database, keys="idempotency_key"):
        """No turn inherits the keys of the one before, nor its dirty pages."""
        self.postgres.sql(database, f"TRUNCATE {keys}")
        self.postgres.settle(database)

    # turns

    def turns(self, part, sides, count=None):
        """Every side once a turn, each turn beginning with another one."""
        names = list(sides)
        found = {name: [] for name in names}
        for turn in range(count or self.options.turns):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                found[name].append(sides[name]())
                self.say(f"{part} turn {turn + 1}: {name} {shown(found[name][-1])}")
        return found


def shown(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {each:,.2f}" for name, each in value.items())
    return f"{value:,.0f}/s"
