"""What is measured: each part yields rows of one table."""
import os
import statistics
import time

from . import loads
from .report import Figure
from .service import heap_after_gc

FULL_SPEED = {"BACKFILL_TARGET_LOAD": "1", "BACKFILL_DELAY": "0ms"}


class Parts:
    def __init__(self, postgres, program, options):
        self.postgres = postgres
        self.program = program
        self.options = options
        self.templates = {}

    def say(self, text):
        print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)

    def template(self, rows, phase):
        """A database in that phase with that many legacy orders, made once."""
        name = f"template_{phase}_{rows}"
        if name not in self.templates:
            self.say(f"makes {rows:,} legacy orders in phase {phase}")
            self.postgres.sql("postgres", f"CREATE DATABASE {name}")
            self.program.command(name, "expand")
            self.program.serve(name, phase).stop()
            self.postgres.load(name, rows)
            self.templates[name] = True
        return name

    # backfill against one UPDATE

    def update(self, rows):
        """The UPDATE that somebody without this program would send."""
        self.postgres.copy(self.template(rows, 1), "turn")
        script = ("\\timing on\n"
                  "UPDATE orders SET status = lower(old_status) /* the whole table */;\n")
        text = self.postgres.sql("turn", script)
        millis = float(text.split("Time: ")[1].split()[0])
        self.postgres.drop("turn")
        return rows * 1000 / millis

    def run(self, rows, workers, watch=None):
        """Rows a second of one run, by the run's own clock: the program's start does not count."""
        self.postgres.copy(self.template(rows, 1), "turn")
        settings = {**FULL_SPEED, "BACKFILL_WORKERS": str(workers),
                    "BACKFILL_BATCH_SIZE": str(self.options.batch)}
        if watch is None:
            self.program.command("turn", "backfill", **settings)
        else:
            watch(self.program.start("turn", "backfill", **settings))
        state, changed, seconds, left = self.postgres.sql(
            "turn",
            "SELECT state, changed, extract(epoch FROM finished_at - started_at),"
            " (SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status))"
            " FROM backfill_run WHERE kind = 'forward'").split("|")
        if (state, int(changed), int(left)) != ("complete", rows, 0):
            raise SystemExit(f"the backfill is {state}: changed {changed}, left {left}")
        self.postgres.drop("turn")
        return rows / float(seconds)

    def backfill(self):
        rows = self.options.rows
        sides = {"update": lambda: self.update(rows), "one": lambda: self.run(rows, 1),
                 "two": lambda: self.run(rows, 2)}
        found = self.turns("backfill", sides)
        return [
            Figure("backfill, 1 worker / one UPDATE", "rows/s", found["one"], found["update"], 0.75),
            Figure("backfill, 2 workers / one UPDATE", "rows/s", found["two"], found["update"], 0.9),
        ]

    def growth(self):
        few, many = self.options.rows, self.options.rows * 4
        found = self.turns("growth", {"many": lambda: self.run(many, 1),
                                      "few": lambda: self.run(few, 1)})
        heaps = {rows: self.heap(rows) for rows in (few, many)}
        return [
            Figure(f"backfill of {many:,} / of {few:,} rows", "rows/s", found["many"],
                   found["few"], 0.85),
            Figure(f"heap after GC at {many:,} / at {few:,} rows", "MiB", heaps[many], heaps[few],
                   1.15, upper=True),
        ]

    def heap(self, rows):
        samples = []

        def watch(process):
            time.sleep(3)
            while process.poll() is None:
                used = heap_after_gc(process.pid)
                if used is not None:
                    samples.append(used)
                time.sleep(1)
            self.program.owned.processes.remove(process)

        self.run(rows, 1, watch)
        self.say(f"heap at {rows:,} rows: {statistics.median(samples):.1f} MiB, "
                 f"{len(samples)} collections")
        return samples

    # requests against pgbench

    def post(self):
        phases = {phase: self.serving(phase) for phase in (1, 0)}
        lua = "post.lua"
        for service in phases.values():
            self.warm(service, lua)
        path = self.script(phases[1], loads.POST, "idempotency_key AS held",
                           lambda: phases[1].call("/orders", b'{"userId":1,"amount":100,"status":"paid"}',
                                                  {"Idempotency-Key": os.urandom(9).hex()}))
        sides = {"pgbench": lambda: self.pgbench(phases[1], path, loads.POST),
                 "phase1": lambda: self.wrk(phases[1], lua),
                 "phase0": lambda: self.wrk(phases[0], lua)}
        found = self.turns("post", sides)
        self.stop(phases.values())
        return [
            Figure("POST /orders, keyed, phase 1 / pgbench", "1/s", found["phase1"],
                   found["pgbench"], 0.5),
            Figure("POST /orders, keyed, phase 1 / phase 0", "1/s", found["phase1"],
                   found["phase0"], 0.95),
        ]

    def get(self):
        service = self.serving(1)
        rows = str(self.options.rows)
        self.warm(service, "get.lua", rows)
        path = self.script(service, loads.GET, "LEFT JOIN orders AS o ON o.id = ",
                           lambda: service.call("/orders/1"))
        found = self.turns("get", {
            "pgbench": lambda: self.pgbench(service, path, loads.GET),
            "phase1": lambda: self.wrk(service, "get.lua", rows)})
        self.stop([service])
        return [Figure("GET /orders/{id}, phase 1 / pgbench", "1/s", found["phase1"],
                       found["pgbench"], 0.45)]

    def serving(self, phase):
        database = f"requests_{phase}"
        self.postgres.copy(self.template(self.options.rows, phase), database)
        return self.program.serve(database, phase)

    def stop(self, services):
        for service in services:
            service.stop()
            self.postgres.drop(service.database)

    def warm(self, service, lua, *arguments):
        self.say(f"warms {service.database} up for {self.options.warmup} s")
        loads.wrk(service.port, lua, self.options.clients, self.options.warmup, *arguments)

    def script(self, service, kind, pattern, call):
        """The statement as pgbench's script, kept under bench/ for whoever wants to look."""
        for _ in range(self.options.connections):
            call()
        text = loads.statement_of(self.postgres, service.database, pattern)
        path = os.path.join(self.program.owned.directory, pattern.split()[0] + ".sql")
        with open(path, "w", encoding="utf-8") as file:
            file.write(loads.script(text, kind, self.options.rows))
        return path

    def pgbench(self, service, path, kind):
        self.fresh(service)
        return loads.pgbench(self.postgres, service.database, path, kind,
                             self.options.connections, self.options.duration)["rate"]

    def wrk(self, service, lua, *arguments):
        self.fresh(service)
        found = loads.wrk(service.port, lua, self.options.clients, self.options.duration,
                          *arguments)
        self.say(f"p50 {found['p50_ms']:.1f} ms, p95 {found['p95_ms']:.1f} ms, "
                 f"p99 {found['p99_ms']:.1f} ms")
        return found["rate"]

    def fresh(self, service):
        """No turn inherits the keys of the one before, nor its dirty pages."""
        self.postgres.sql(service.database, "TRUNCATE idempotency_key")
        self.postgres.settle(service.database)

    def turns(self, part, sides):
        """Every side once a turn, each turn beginning with another one."""
        names = list(sides)
        found = {name: [] for name in names}
        for turn in range(self.options.turns):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                found[name].append(sides[name]())
                self.say(f"{part} turn {turn + 1}: {name} {found[name][-1]:,.0f}/s")
        return found
