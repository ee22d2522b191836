"""The database, the instances and the sessions that a rehearsal needs, before any traffic."""
from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from harness.json_object import JsonObject
from harness.machine import cpu_name, memory_gib
from harness.postgres import start_postgres
from harness.process_group import ProcessGroup
from harness.program import LIBRARIES

from .api import OperatorApi
from .database import Database
from .errors import UsageError
from .fleet import Fleet, Launcher
from .options import Options

# a small machine serves while it builds an index and vacuums: with one process, and without a burst
# of WAL, temporary files, or old dirty pages that commits would have to wait for
MAINTENANCE_SETTINGS = {
    "max_parallel_maintenance_workers": "0", "maintenance_work_mem": "256MB",
    "wal_compression": "on", "backend_flush_after": "256kB"}


@dataclass(frozen=True)
class Target:
    """What the migration is performed on."""

    database: Database
    launcher: Launcher
    fleet: Fleet
    api: OperatorApi
    rows: int
    facts: JsonObject


def open_given_database(url: str, yes: bool) -> Database:
    """Says what will happen to the database, and refuses one that holds orders without --yes."""
    database = Database(url)
    version = database.read_version()
    database.require_unmigrated()
    full = database.has_orders()
    print(f"{database.shown}, PostgreSQL {version}: the migration is really performed on it and"
          " orders.old_status dropped" + ("" if full else "; it has no orders yet"), flush=True)
    if full and not yes:
        raise UsageError("it holds orders: add --yes if it is a copy that may be changed")
    return database


def prepare_target(processes: ProcessGroup, options: Options, given: Database | None) -> Target:
    """Starts the instances, in phase 0, on the given database or on an embedded one."""
    server_settings = "its own"
    if given:
        database, full = given, given.has_orders()
    else:
        postgres = start_postgres(processes, LIBRARIES, **MAINTENANCE_SETTINGS)
        postgres.create_wal_files()
        postgres.sql("postgres", "CREATE DATABASE rehearsal")
        database, full = Database(postgres.url("rehearsal")), False
        server_settings = ", ".join(f"{k} = {v}" for k, v in postgres.settings.items())
    settings = service_settings(options)
    launcher = Launcher(processes, database, settings, options.out, options.nice)
    launcher.run_command("expand")
    if not full:
        report_progress(f"loads {options.rows:,} legacy orders")
        database.load_orders(options.rows)
    rows = database.count_orders()
    report_progress(f"starts {options.instances} instances")
    password = secrets.token_hex(16)
    fleet = launcher.start_fleet(options.instances, password)
    facts = {
        "database": database.shown if given else "embedded PostgreSQL",
        "postgres": database.sql("SHOW server_version"),
        "settings": server_settings,
        "rows": rows, "users": options.users, "rate": options.rate,
        "secondsPerStage": options.seconds, "instances": options.instances,
        "warmUpSeconds": options.warm_up, "flagSpreadSeconds": options.spread,
        "service": " ".join(f"{name}={value}" for name, value in settings.items()),
        "commandsNice": options.nice,
        "judged": ",".join(options.judge),
        "machine": f"{cpu_name()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB",
        "loadAverageBefore": round(os.getloadavg()[0], 2),
    }
    return Target(database, launcher, fleet, OperatorApi(fleet, password), rows, facts)


def service_settings(options: Options) -> dict[str, str]:
    """A soak that fits into a stage, and what the command line sets."""
    soak = max(1, min(10, options.seconds // 2))
    return {"MIGRATION_SOAK": f"{soak}s", "SHADOW_SAMPLE": str(shadow_sample(options.rate)),
            **options.settings}


def shadow_sample(rate: int) -> float:
    """The share at which some reads are compared within a short soak, at a small rate too."""
    return min(1.0, max(0.01, round(10 / rate, 2)))


def report_progress(text: str) -> None:
    print(f"  {text}", flush=True)
