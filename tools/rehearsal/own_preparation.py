"""Prepares the rehearsal of a migration on a team's own database."""
from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from harness.process_group import ProcessGroup

from .api import OperatorApi
from .client import Client
from .database import Database, Session
from .errors import UsageError
from .fleet import Launcher
from .http_client import HttpClient, parse_request
from .ledger import Ledger
from .ledger_check import TIMEOUTS, LedgerCheck
from .options import Options
from .own_table import (
    OwnRun,
    choose_migration,
    prepare_changelog,
    restore_dump,
    start_service,
)
from .preparation import (
    Target,
    describe_run,
    format_settings,
    report_progress,
    require_consent,
    service_settings,
    start_own_server,
)
from .script import Script, read_script
from .script_traffic import FailureLog, ScriptTrafficGenerator
from .sql_client import SqlClient
from .subject import Subject


def prepare_own_table(processes: ProcessGroup, options: Options) -> Target:
    """Restores the dump or takes the given copy, starts controllers and the team's service, and
    loads the ledger."""
    own = options.own
    assert own is not None
    script = read_traffic(own.traffic)
    database, server_settings = open_database(processes, options)
    launcher = Launcher(processes, database, {"MIGRATIONS_FILE": own.migrations}, options.out,
                        options.nice, serve_nice=options.nice)
    subject = Subject(choose_migration(launcher, own.migration), script.table)
    if options.database_url:
        columns = "its old columns are" if own.drops else "no column is"
        require_consent(database, subject, columns, options.yes)
    settings = service_settings(options)
    launcher = replace(launcher, settings={
        **launcher.settings, **settings, "MIGRATION_PRIMARY": subject.migration,
        **prepare_changelog(launcher, subject.migration, own.changelog)})
    if not own.expands_under_traffic:
        launcher.run_command("expand")
    report_progress(f"starts {options.instances} controllers")
    password = secrets.token_hex(16)
    fleet = launcher.start_fleet(options.instances, password)
    if not own.expands_under_traffic:
        launcher.await_ready(fleet)
    service = None
    if own.service:
        report_progress(f"starts {own.service}")
        service = start_service(processes, own.service, database, options.out)
    ledger = Ledger(options.users)
    check = LedgerCheck(Session(processes, database, "rehearsal ledger", TIMEOUTS), script, ledger)
    rows = check.load()
    base_url = service.url if service else own.base_url
    generator = ScriptTrafficGenerator(
        script, ledger, options.users, client_opener(processes, database, script, base_url),
        FailureLog(f"{options.out}/traffic.log"))
    facts = describe_run(
        options, database, server_settings, rows=rows, migration=subject.migration,
        traffic=script.language, process=own.service or own.base_url or "psql",
        expandUnderTraffic=own.expands_under_traffic, drop=own.drops,
        controllers=format_settings(settings))
    return Target(subject, database, launcher, fleet,
                  OperatorApi(fleet, password, subject.migration), generator, rows, facts,
                  OwnRun(check, service, password, own.drops))


def read_traffic(path: str) -> Script:
    script = read_script(path)
    if script.language == "http":
        for statement in script.statements:
            try:
                parse_request(statement.text)
            except ValueError as failure:
                raise UsageError(f"{path}:{statement.line}: {failure}") from None
    return script


def open_database(processes: ProcessGroup, options: Options) -> tuple[Database, str]:
    """The database, and what is set on its server."""
    if options.database_url:
        database = Database(options.database_url)
        database.read_version()
        return database, "its own"
    assert options.own is not None and options.own.dump is not None
    database, settings = start_own_server(processes)
    report_progress(f"restores {options.own.dump}")
    restore_dump(database, options.own.dump)
    return database, settings


def client_opener(processes: ProcessGroup, database: Database, script: Script,
                  base_url: str | None) -> Callable[[], Client]:
    if script.language == "http":
        if not base_url:
            raise UsageError("requests of an .http file need --service or --base-url")
        return partial(HttpClient, base_url, script)
    return partial(SqlClient, processes, database)
