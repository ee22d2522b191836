"""The rehearsal from start to end."""
import os
import secrets
import signal
import sys
import time

from harness import service
from harness.machine import cpu, memory_gib
from harness.process_group import Owned
from harness.postgres import Postgres

from . import report
from .api import Api
from .stage_server import Control
from .database import Database, Session
from .disk_probe import Disk
from .scenario import Drive
from .errors import Incomplete, Usage
from .fleet import Fleet
from .options import INSTALL_K6, arguments, find_k6
from .sampler import Sampler
from .timeline import Timeline
from .traffic import Traffic

WARM_UP_FACTOR = 5
# a small machine serves while it builds an index and vacuums: with one process, and without a burst
# of WAL, temporary files, or old dirty pages that commits would have to wait for
GENTLE = {"max_parallel_maintenance_workers": "0", "maintenance_work_mem": "256MB",
          "wal_compression": "on", "backend_flush_after": "256kB"}
# of the measured traffic, before the baseline
LEAD_SECONDS = 5


def main():
    options = arguments()
    # a script's background job starts with SIGINT ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(Rehearsal(options).perform())
    except Usage as failure:
        print(failure, file=sys.stderr)
        sys.exit(2)
    except Incomplete as failure:
        print(f"The migration was not begun: {failure}", file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)


class Rehearsal:
    def __init__(self, options):
        self.options = options
        self.k6 = find_k6()
        if self.k6 is None:
            raise Usage(INSTALL_K6)
        if not os.path.exists(options.script):
            raise Usage(f"{options.script} is missing")
        self.facts, self.settings, self.history = {}, {}, []
        self.warm = self.traffic = self.timeline = self.sampler = self.fleet = self.disk = None
        self.warm_seconds = options.warm_up
        self.ledger_complete = False

    def perform(self):
        given = None
        if self.options.database_url:
            given = Database(self.options.database_url)
            self.agree(given)
        service.build()
        os.makedirs(self.options.out, exist_ok=True)
        self.owned = Owned()
        try:
            self.prepare(given or self.embedded())
            self.warm_up()
            return self.measured()
        finally:
            # a second signal must not leave a process behind
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self.owned.close()

    def agree(self, database):
        """Says what will happen to somebody's database."""
        version = database.reach()
        full = database.survey()
        print(f"{database.shown}, PostgreSQL {version}: the migration is really performed on it and"
              " orders.old_status dropped" + ("" if full else "; it has no orders yet"), flush=True)
        if full and not self.options.yes:
            raise Usage("it holds orders: add --yes if it is a copy that may be changed")

    def embedded(self):
        postgres = Postgres(self.owned, os.path.join(service.APPLICATION, "lib", "main"), **GENTLE)
        postgres.age()
        self.settings = postgres.settings
        postgres.sql("postgres", "CREATE DATABASE rehearsal")
        return Database(postgres.url("rehearsal"))

    def prepare(self, database):
        options = self.options
        full = bool(options.database_url) and database.survey()
        password = secrets.token_hex(16)
        soak = max(1, min(10, options.seconds // 2))
        share = shadow_sample(options.rate)
        settings = {"MIGRATION_SOAK": f"{soak}s", "SHADOW_SAMPLE": str(share),
                    **dict(options.set)}
        self.fleet = Fleet(self.owned, database, password, settings, options.out,
                           options.nice)
        self.fleet.run("expand")
        if not full:
            self.say(f"loads {options.rows:,} legacy orders")
            database.load(options.rows)
        options.rows = int(database.sql("SELECT count(*) FROM orders"))
        self.say(f"starts {options.instances} instances")
        self.fleet.serve(options.instances)
        options.base_url = ",".join(instance.url for instance in self.fleet.instances)
        self.api = Api(self.fleet, password)
        self.session = Session(self.owned, database)
        self.watch = Session(self.owned, database)
        self.facts = self.describe(database, settings)

    def describe(self, database, settings):
        options = self.options
        own = not options.database_url
        return {
            "database": "embedded PostgreSQL" if own else database.shown,
            "postgres": database.sql("SHOW server_version"),
            "settings": ", ".join(f"{k} = {v}" for k, v in self.settings.items()) or "its own",
            "rows": options.rows, "users": options.users, "rate": options.rate,
            "secondsPerStage": options.seconds, "instances": options.instances,
            "warmUpSeconds": options.warm_up, "flagSpreadSeconds": options.spread,
            "service": " ".join(map("=".join, settings.items())),
            "commandsNice": options.nice,
            "judged": ",".join(options.judge),
            "machine": f"{cpu()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB",
            "loadAverageBefore": round(os.getloadavg()[0], 2),
        }

    def warm_up(self):
        """Another traffic than the measured one: more of it, so that the JVMs have compiled."""
        self.say(f"warms up for {self.options.warm_up} s")
        control = Control("warm-up")
        began = time.monotonic()
        self.warm = self.start(control, "warm-up", self.options.rate * WARM_UP_FACTOR)
        while self.warm.alive() and time.monotonic() - began < self.options.warm_up:
            time.sleep(0.2)
        control.done = True
        deadline = time.monotonic() + self.options.patience
        while self.warm.alive() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.warm_seconds = time.monotonic() - began
        if self.warm.alive() or not self.warm.ended():
            raise Incomplete(f"k6 did not end well in the warm-up, see {self.warm.log}")
        control.close()

    def start(self, control, name, rate):
        return Traffic(self.owned, self.k6, control, self.options, name, rate)

    def measured(self):
        control = Control("warm-up")
        self.traffic = self.start(control, "traffic", self.options.rate)
        # who watches costs a little, in the baseline as in every other stage
        self.sampler = Sampler(self.watch, self.fleet, self.api)
        self.sampler.start()
        if not self.options.database_url:
            self.disk = Disk(self.owned.directory)
            self.disk.start()
        self.await_traffic()
        self.timeline = Timeline(self.session, control)
        self.timeline.measure("warm-up")
        drive = Drive(self.options, self.fleet, self.api, self.traffic, self.timeline,
                      self.session)
        reason, interrupted = None, False
        try:
            drive.run()
            drive.final()
        except Incomplete as failure:
            reason = str(failure)
        except (KeyboardInterrupt, SystemExit):
            reason, interrupted = "interrupted", True
        return self.report(reason, interrupted)

    def await_traffic(self):
        """Until it flows evenly: users have connected, and are not behind their schedule."""
        deadline = time.monotonic() + 30
        began = None
        while began is None or time.monotonic() - began < LEAD_SECONDS:
            if not self.traffic.alive() or time.monotonic() > deadline:
                raise Incomplete(f"k6 sent nothing, see {self.traffic.log}")
            if began is None and self.traffic.samples.times:
                began = time.monotonic()
            time.sleep(0.1)

    def report(self, reason, interrupted):
        try:
            self.timeline.close()
        except Incomplete:
            self.timeline.stages[-1]["to"] = time.time()
        self.sampler.stop()
        if self.disk:
            self.disk.stop()
        if self.traffic.alive():
            self.traffic.stop()
        else:
            self.ledger_complete = self.traffic.ended()
        try:
            self.history = self.api.history()
        except Incomplete:
            pass
        found = report.gather(self.options, self, reason)
        paths = report.write(found, self.options.out)
        print("\n" + found["verdict"]["sentence"] + "\n" + "\n".join(map(os.path.relpath, paths)),
              flush=True)
        if interrupted:
            return 130
        return 3 if reason else 0 if found["verdict"]["zeroDowntime"] else 1

    def say(self, text):
        print(f"  {text}", flush=True)


def shadow_sample(rate):
    """Such that some reads are compared within a short soak window, at a small rate too."""
    return min(1.0, max(0.01, round(10 / rate, 2)))


main()
