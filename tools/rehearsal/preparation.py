"""The database, the instances and the traffic that a rehearsal needs, before it begins."""
from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Any

from harness.json_object import JsonObject
from harness.machine import cpu_name, memory_gib
from harness.postgres import start_postgres
from harness.process_group import ProcessGroup
from harness.program import LIBRARIES

from .api import OperatorApi
from .database import Database
from .errors import UsageError
from .fleet import Fleet, Launcher
from .k6 import K6TrafficGenerator
from .options import INSTALL_K6, Options, find_k6
from .own_table import OwnRun
from .subject import ORDERS, Subject
from .traffic import TrafficGenerator

# a small machine serves while it builds an index and vacuums: with one process, and without a burst
# of WAL, temporary files, or old dirty pages that commits would have to wait for
MAINTENANCE_SETTINGS = {
    "max_parallel_maintenance_workers": "0", "maintenance_work_mem": "256MB",
    "wal_compression": "on", "backend_flush_after": "256kB"}


@dataclass(frozen=True)
class Target:
    """What the migration is performed on, and by which traffic."""

    subject: Subject
    database: Database
    launcher: Launcher
    fleet: Fleet
    api: OperatorApi
    generator: TrafficGenerator
    rows: int
    facts: JsonObject
    # None where it is the migration of orders
    own: OwnRun | None = None


def start_own_server(processes: ProcessGroup) -> tuple[Database, str]:
    """An embedded server with an empty database, and what is set on it."""
    postgres = start_postgres(processes, LIBRARIES, **MAINTENANCE_SETTINGS)
    postgres.create_wal_files()
    postgres.sql("postgres", "CREATE DATABASE rehearsal")
    settings = ", ".join(f"{k} = {v}" for k, v in postgres.settings.items())
    return Database(postgres.url("rehearsal")), settings


def require_consent(database: Database, subject: Subject, columns: str, yes: bool) -> None:
    """Says what will happen to the database, and refuses one that has rows without --yes."""
    version = database.read_version()
    database.require_unmigrated(subject.migration)
    full = database.has_rows(subject.table)
    print(f"{database.shown}, PostgreSQL {version}: the migration is really performed on it and"
          f" {columns} dropped" + ("" if full else f"; {subject.table} has no rows yet"),
          flush=True)
    if full and not yes:
        raise UsageError(f"{subject.table} has rows: add --yes if it is a copy that may be changed")


def prepare_orders(processes: ProcessGroup, options: Options) -> Target:
    """Starts instances of the service, in phase 0, on the given database or on an embedded one."""
    k6 = find_k6()
    if k6 is None:
        raise UsageError(INSTALL_K6)
    if options.database_url:
        database, server_settings = Database(options.database_url), "its own"
        require_consent(database, ORDERS, "orders.old_status is", options.yes)
        full = database.has_rows(ORDERS.table)
    else:
        (database, server_settings), full = start_own_server(processes), False
    settings = service_settings(options)
    launcher = Launcher(processes, database, settings, options.out, options.nice)
    launcher.run_command("expand")
    if not full:
        report_progress(f"loads {options.rows:,} legacy orders")
        database.load_orders(options.rows)
    rows = database.count_rows(ORDERS.table)
    report_progress(f"starts {options.instances} instances")
    password = secrets.token_hex(16)
    fleet = launcher.start_fleet(options.instances, password)
    launcher.await_ready(fleet)
    generator = K6TrafficGenerator(processes, k6, options.script, fleet.base_urls(),
                                   options.users, options.out)
    facts = describe_run(options, database, server_settings, rows=rows,
                         service=format_settings(settings))
    return Target(ORDERS, database, launcher, fleet, OperatorApi(fleet, password,
                  ORDERS.migration), generator, rows, facts)


def describe_run(options: Options, database: Database, server_settings: str,
                 **more: Any) -> JsonObject:
    return {
        "database": database.shown if options.database_url else "embedded PostgreSQL",
        "postgres": database.sql("SHOW server_version"),
        "settings": server_settings,
        **more, "users": options.users, "rate": options.rate,
        "secondsPerStage": options.seconds, "instances": options.instances,
        "warmUpSeconds": options.warm_up, "flagSpreadSeconds": options.spread,
        "commandsNice": options.nice,
        "judged": ",".join(options.judge),
        "machine": f"{cpu_name()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB",
        "loadAverageBefore": round(os.getloadavg()[0], 2),
    }


def format_settings(settings: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


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
