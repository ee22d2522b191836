"""Prepares a rehearsal on a team's own database: a copy of it, its definition, its service."""
from __future__ import annotations

import glob
import os
import re
import shlex
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.process_group import ProcessGroup, await_port, free_port, output_of

from .database import PSQL, Database
from .errors import UsageError
from .fleet import Launcher
from .ledger_check import LedgerCheck

# how a dump of the format "custom" begins
DUMP_MARK = b"PGDMP"
PLANNED = re.compile(r"^-- ([a-z][a-z0-9-]*): what it takes$", re.MULTILINE)


@dataclass(frozen=True)
class Service:
    """The team's own process, which serves the traffic."""

    process: subprocess.Popen[bytes]
    url: str
    log: str


@dataclass(frozen=True)
class OwnRun:
    """What was prepared for such a rehearsal; `drops` says whether the old columns are dropped."""

    check: LedgerCheck
    service: Service | None
    password: str
    drops: bool


def restore_dump(database: Database, dump: str) -> None:
    """Restores what pg_dump wrote, in any of its formats, without owners and grants."""
    try:
        if _is_archive(dump):
            output_of(["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error",
                       "--dbname", database.environment()["PGDATABASE"], dump],
                      env=database.environment())
        else:
            output_of([*PSQL, "-f", dump], env=database.environment())
    except (HarnessError, OSError) as failure:
        raise UsageError(f"{dump} cannot be restored: {failure}; pg_dump --no-owner "
                         "--no-privileges leaves out what needs roles") from None
    database.sql("VACUUM ANALYZE")


def _is_archive(dump: str) -> bool:
    if os.path.isdir(dump) or tarfile.is_tarfile(dump):
        return True
    with open(dump, "rb") as file:
        return file.read(len(DUMP_MARK)) == DUMP_MARK


def choose_migration(launcher: Launcher, wanted: str | None) -> str:
    """The migration to rehearse, as `plan` knows it; a definition that is refused is an error."""
    try:
        text = launcher.output_of_command("plan", *([wanted] if wanted else []))
    except HarnessError as failure:
        raise UsageError(f"there is no plan: {failure}") from None
    names = PLANNED.findall(text)
    if len(names) != 1:
        raise UsageError(f"the file defines {', '.join(names) or 'no migration'}: name one by "
                         "--migration")
    return str(names[0])


def prepare_changelog(launcher: Launcher, migration: str, given: str | None) -> Mapping[str, str]:
    """The settings that name the changelog files: the given ones, or those of `plan`."""
    if given is None:
        given = os.path.join(launcher.out, "changelog")
        launcher.output_of_command("plan", migration, "--write", given)
    if not glob.glob(os.path.join(given, "*.sql")):
        raise UsageError(f"{given} has no changelog files: a migration that the database knows "
                         "already needs those that have run, by --changelog")
    return {"CHANGELOG_DIR": given}


def start_service(processes: ProcessGroup, command: str, database: Database, out: str) -> Service:
    """Starts the team's service, with the caller's environment and DATABASE_URL and PORT."""
    port, log_file = free_port(), os.path.join(out, "service.log")
    try:
        with open(log_file, "wb") as log:
            process = processes.start(
                shlex.split(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, "DATABASE_URL": database.url, "PORT": str(port)})
        await_port(port, process)
    except OSError as failure:
        raise UsageError(f"{command} cannot be started: {failure}") from None
    except HarnessError as failure:
        raise UsageError(f"{command} does not serve, see {log_file}: {failure}") from None
    return Service(process, f"http://127.0.0.1:{port}", log_file)
