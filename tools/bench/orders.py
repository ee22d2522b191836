"""Requests of orders against pgbench, against the same without sharing, against another service."""
import os
import shutil

from . import load_generators as loads
from .context import BODY
from harness.process_group import await_port, free_port, output
from .report import Figure
from harness.service import environment

# pgbench sends the statement of one order: what a request sends that shares with nobody
ALONE = {"ORDERS_SHARING_ENABLED": "false"}
KEYED = "idempotency_key AS held"


def create_under_key(service):
    service.call("/orders", BODY, Idempotency_Key=os.urandom(9).hex())


def phases(bench):
    """POST of keyed orders in phases 0 to 3 against pgbench with the same statement"""
    scripts, services, sides = {}, {}, {}
    for phase in range(4):
        alone = bench.serving(phase, **ALONE)
        scripts[phase] = bench.statement(alone, loads.POST, KEYED, create_under_key)
        alone.stop()
        services[phase] = bench.program.serve(alone.database, phase)

    def pgbench(phase):
        database = services[phase].database
        bench.fresh(database)
        return bench.pgbench(database, scripts[phase], loads.POST, phase=phase)["rate"]

    def wrk(phase):
        bench.fresh(services[phase].database)
        found = bench.wrk(services[phase].port, "post.lua")
        bench.say(f"phase {phase}: {latencies(found)}")
        return found["rate"]

    for phase, service in services.items():
        bench.warm(service, "post.lua")
        sides[f"pgbench {phase}"] = lambda phase=phase: pgbench(phase)
        sides[f"phase {phase}"] = lambda phase=phase: wrk(phase)
    found = bench.turns("phases", sides)
    bench.stop(services.values())
    against = [
        Figure(f"POST /orders, keyed, phase {phase} / pgbench, one order a transaction", "1/s",
               found[f"phase {phase}"], found[f"pgbench {phase}"], 1) for phase in range(4)]
    return against + [
        Figure(f"POST /orders, keyed, phase {phase} / phase 0", "1/s", found[f"phase {phase}"],
               found["phase 0"], 0.95 if phase == 1 else None) for phase in range(1, 4)]


def get(bench):
    """GET of an order against pgbench with the same statement"""
    service = bench.serving(1)
    rows = str(bench.options.rows)
    bench.warm(service, "get.lua", rows)
    script = bench.statement(service, loads.GET, "LEFT JOIN orders AS o ON o.id = .1::bigint",
                             lambda each: each.call("/orders/1"))

    def wrk():
        found = bench.wrk(service.port, "get.lua", rows)
        bench.say(latencies(found))
        return found["rate"]

    found = bench.turns("get", {
        "pgbench": lambda: bench.pgbench(service.database, script, loads.GET)["rate"],
        "phase 1": wrk})
    bench.stop([service])
    return [Figure("GET /orders/{id}, phase 1 / pgbench", "1/s", found["phase 1"],
                   found["pgbench"], 1)]


def lone(bench):
    """keyed POST and GET of one client: what sharing costs who has nobody to share with"""
    shared = bench.serving(1, ORDERS_SHARING_ENABLED="true")
    alone = bench.program.serve(shared.database, 1, **ALONE)
    figures = []
    for call, lua, arguments in (("POST /orders, keyed", "post.lua", []),
                                 ("GET /orders/{id}", "get.lua", [str(bench.options.rows)])):
        for service in (shared, alone):
            bench.warm(service, lua, *arguments)

        def wrk(service, lua=lua, arguments=arguments):
            return bench.wrk(service.port, lua, *arguments, clients=1,
                             seconds=bench.options.short_duration)

        found = bench.turns("lone", {"shared": lambda: wrk(shared), "alone": lambda: wrk(alone)},
                            bench.options.short_turns)
        figures += [
            Figure(f"{call}, 1 client, {name}, sharing on / off", "ms",
                   [each[name] for each in found["shared"]],
                   [each[name] for each in found["alone"]], goal, upper=True)
            for name, goal in (("p50", 1.05), ("p99", None))]
    alone.stop()
    bench.stop([shared])
    return figures


def peer(bench):
    """POST of keyed orders in phase 1 against a plain service on Express and pg"""
    service = bench.serving(1)
    other = Peer(bench)
    for each in (service, other):
        bench.warm(each, "post.lua")

    def wrk(each, keys):
        bench.fresh(each.database, keys)
        found = bench.wrk(each.port, "post.lua")
        bench.say(latencies(found))
        return found["rate"]

    found = bench.turns("peer", {"service": lambda: wrk(service, "idempotency_key"),
                                 "peer": lambda: wrk(other, "idempotency_keys")})
    bench.stop([service, other])
    return [Figure(f"POST /orders, keyed, phase 1, {bench.options.clients} clients / Express and "
                   "pg, one process", "1/s", found["service"], found["peer"], 5)]


# a client's answer takes about as long as its pause, so this many offer about twice the peak
OVERLOADING = 2000
DEADLINE = 5


def overload(bench):
    """POST of keyed orders, twice the capacity offered, against the most that is done without"""
    service = bench.serving(1, REQUEST_DEADLINE=f"{DEADLINE}s")
    bench.warm(service, "post.lua")
    peaks = []

    def peak():
        bench.fresh(service.database)
        peaks.append(bench.wrk(service.port, "post.lua")["rate"])
        return peaks[-1]

    def twice():
        bench.fresh(service.database)
        # connections / (2 peak) from one request to the next, less the mean time of an answer
        pause = max(1, round(OVERLOADING / (2 * peaks[-1]) * 1000 * 0.7))
        return loads.overload(service.port, OVERLOADING, bench.options.duration, pause)

    found = bench.turns("overload", {"peak": peak, "twice": twice})
    bench.stop([service])
    done = {name: [each[name] for each in found["twice"]] for name in ("offered", "goodput", "p99")}
    what = "POST /orders, keyed, overload"
    return [
        Figure(f"{what}: offered / peak", "1/s", done["offered"], found["peak"]),
        Figure(f"{what}: goodput / peak", "1/s", done["goodput"], found["peak"], 0.9),
        Figure(f"{what}: p99 of the accepted / deadline", "ms", done["p99"],
               [DEADLINE * 1000] * len(done["p99"]), 1, upper=True)]


class Peer:
    """The service that a team without this one would write, with as many connections."""

    def __init__(self, bench):
        if shutil.which("npm") is None:
            raise SystemExit("npm is missing; on Debian or Ubuntu: apt-get install npm")
        self.bench, self.port, self.database = bench, free_port(), "peer"
        owned = bench.program.owned
        directory = os.path.join(owned.directory, "peer")
        shutil.copytree(os.path.join(loads.HERE, "peer"), directory, dirs_exist_ok=True)
        if not os.path.exists(os.path.join(directory, "node_modules")):
            bench.say("npm install")
            output(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"],
                   cwd=directory)
        bench.postgres.sql("postgres", f"CREATE DATABASE {self.database}")
        with open(os.path.join(directory, "schema.sql"), encoding="utf-8") as schema:
            bench.postgres.sql(self.database, schema.read())
        bench.postgres.load(self.database, bench.options.rows, 1, False)
        with open(os.path.join(owned.directory, "peer.log"), "wb") as log:
            self.process = owned.start(
                ["node", "server.js"], cwd=directory, stdout=log, stderr=log,
                env=environment(NODE_ENV="production", PORT=str(self.port),
                                POOL=str(bench.options.connections),
                                DATABASE_URL=bench.postgres.url(self.database),
                                DUAL_WRITE="true", WRITE_TO_NEW="true", READ_FROM_NEW="false"))
        await_port(self.port, self.process)

    def stop(self):
        self.bench.program.owned.stop(self.process)


def latencies(found):
    return ", ".join(f"{name} {found[name]:.1f} ms" for name in ("p50", "p95", "p99"))
