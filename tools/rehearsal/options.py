"""The command line of k6/rehearse.sh."""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.program import ROOT

from .fleet import RESERVED_SETTINGS
from .k6 import SCRIPT
from .verdict import CRITERIA

NUMBERS = (
    ("rows", 100_000, "legacy orders loaded into a fresh database"),
    ("users", 20, "virtual users"),
    ("rate", 200, "requests a second in all; keep it well below what the machine can do"),
    ("seconds", 20, "how long each stage without an end of its own lasts"),
    ("instances", 2, "instances of the service"),
    ("warm-up", 45, "seconds of traffic before the baseline, at up to five times the rate"),
    ("spread", 2, "seconds between two instances that see a changed flag"),
    ("patience", 180, "seconds to wait for a step; for work on rows, more by their number"),
)


OWN_TEXTS = (
    ("migrations", "FILE", "definitions of tables of your own: their migration is rehearsed, by "
     "controllers beside your service"),
    ("traffic", "FILE", "what your clients send and how a row is read, .sql or .http "
     "(docs/rehearsal.md)"),
    ("migration", "NAME", "which one, if the file defines several"),
    ("changelog", "DIRECTORY", "its changelog files (those that plan writes)"),
    ("dump", "FILE", "a dump by pg_dump, which is restored into a server that is started"),
    ("service", "COMMAND", "starts your service; it is given DATABASE_URL and PORT"),
    ("base-url", "URL", "a service of yours that runs on the copy"),
)
OWN_SWITCHES = (
    ("without-drop", "ends in phase 3 and leaves the old columns, for writers that know no other"),
    ("expand-under-traffic", "runs the first expand under traffic, for writers without a fence"),
)
OWN = [name for name, *_ in (*OWN_TEXTS, *OWN_SWITCHES)]


@dataclass(frozen=True)
class OwnOptions:
    """A migration of a table of the team's own."""

    migrations: str
    traffic: str
    migration: str | None
    changelog: str | None
    dump: str | None
    service: str | None
    base_url: str | None
    drops: bool
    expands_under_traffic: bool


@dataclass(frozen=True)
class Options:
    rows: int
    users: int
    rate: int
    seconds: int
    instances: int
    warm_up: int
    spread: int
    patience: int
    database_url: str | None
    yes: bool
    nice: int
    settings: dict[str, str]
    judge: list[str]
    script: str
    out: str
    own: OwnOptions | None = None


def parse_options(words: Sequence[str] | None = None) -> Options:
    parser = _parser()
    given = parser.parse_args(words)
    numbers = {name.replace("-", "_"): getattr(given, name.replace("-", "_"))
               for name, _, _ in NUMBERS}
    return Options(
        **numbers, database_url=given.database_url, yes=given.yes, nice=given.nice,
        settings=dict(given.set), judge=given.judge, script=os.path.abspath(given.script),
        out=os.path.abspath(given.out or default_report_directory()),
        own=_own_options(parser, given))


def _own_options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> OwnOptions | None:
    if not given.migrations or not given.traffic:
        alone = [name for name in OWN if getattr(given, name.replace("-", "_"))]
        if given.migrations or given.traffic:
            parser.error("--migrations and --traffic go together")
        if alone:
            parser.error(f"--{alone[0]} needs --migrations and --traffic")
        return None
    if bool(given.dump) == bool(given.database_url):
        parser.error("--traffic needs --dump or --database-url: the database to rehearse on")
    if given.base_url and given.dump:
        parser.error("--base-url is of a service on the copy that --database-url names")
    if given.base_url and given.service:
        parser.error("--service starts a service, --base-url names one that runs")
    return OwnOptions(
        migrations=os.path.abspath(given.migrations), traffic=os.path.abspath(given.traffic),
        migration=given.migration, changelog=given.changelog and os.path.abspath(given.changelog),
        dump=given.dump and os.path.abspath(given.dump), service=given.service,
        base_url=given.base_url, drops=not given.without_drop,
        expands_under_traffic=given.expand_under_traffic)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="k6/rehearse.sh",
        description="Rehearses the migration: starts PostgreSQL and instances of the packaged "
        "service, sends traffic by k6 to them in turn, takes every phase by the flags "
        "(forward, back, forward, contract), and writes report.html and report.json. "
        "Zero downtime is: no request failed, every acknowledged write was read back, and the "
        "p99 of each stage is within 1.5 times the baseline's.",
        epilog="exit status: 0 zero downtime; 1 not; 2 usage, or a tool is missing; 3 the "
        "migration could not be completed; 130 interrupted")
    for name, default, help_text in NUMBERS:
        parser.add_argument(f"--{name}", type=parse_positive, default=default,
                            help=f"{help_text} ({default})")
    parser.add_argument("--database-url", default=os.environ.get("REHEARSAL_DATABASE_URL"),
                        help="postgresql:// of a COPY of production; the migration is performed "
                        "on it and the old column dropped (an embedded PostgreSQL)")
    parser.add_argument("--yes", action="store_true",
                        help="agrees to that, for a database that holds orders")
    parser.add_argument("--nice", type=int, choices=range(20), default=0, metavar="0-19",
                        help="lower priority of the schema commands, which elsewhere run on "
                        "another machine; a busy machine may starve them then (0)")
    parser.add_argument("--set", type=parse_setting, action="append", default=[],
                        metavar="NAME=VALUE",
                        help="a setting of the service, BACKFILL_TARGET_LOAD=0.2 for one; "
                        "may be given again")
    parser.add_argument("--judge", type=parse_criteria, default=list(CRITERIA),
                        help=f"criteria that count, of {','.join(CRITERIA)} (all)")
    parser.add_argument("--script", default=SCRIPT,
                        help="another k6 script that keeps the contract of k6/migration.js")
    for name, shown, help_text in OWN_TEXTS:
        parser.add_argument(f"--{name}", metavar=shown, help=help_text)
    for name, help_text in OWN_SWITCHES:
        parser.add_argument(f"--{name}", action="store_true", help=help_text)
    parser.add_argument("--out", default=None,
                        help="directory of the report (target/rehearsal-<time>)")
    return parser


def parse_positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def parse_setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    if name in RESERVED_SETTINGS:
        raise argparse.ArgumentTypeError(f"{name} is set by the rehearsal")
    return name, value


def parse_criteria(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in CRITERIA]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {','.join(CRITERIA)}")
    return names


def default_report_directory() -> str:
    return os.path.join(ROOT, "target", time.strftime("rehearsal-%Y%m%d-%H%M%S"))


def find_k6() -> str | None:
    """The path of k6; None if there is none."""
    if os.environ.get("K6"):
        return shutil.which(os.environ["K6"])
    found = shutil.which("k6") or shutil.which("k6", path=os.path.expanduser("~/go/bin"))
    if found is None and shutil.which("go"):
        path = subprocess.run(["go", "env", "GOPATH"], capture_output=True, text=True, check=False)
        found = shutil.which("k6", path=os.path.join(path.stdout.strip(), "bin"))
    return found


INSTALL_K6 = """k6 is missing. With Go: go install go.k6.io/k6@v1.3.0
else see https://grafana.com/docs/k6/latest/set-up/install-k6/ ; K6=/path/to/k6 names one"""
