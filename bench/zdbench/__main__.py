"""The command line."""
import argparse
import os
import shlex
import sys

from . import machine, report, service
from .owned import Owned
from .parts import Parts
from .postgres import Postgres

PARTS = ("backfill", "growth", "post", "get")


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/run.sh",
        description="Measures the service against plain PostgreSQL on this machine, in turns: "
        "a backfill against one UPDATE of the same rows (backfill), at four times the rows and "
        "its heap (growth), POST and GET of orders against pgbench with the service's own "
        "statement (post, get).")
    parser.add_argument("parts", nargs="*", metavar="part",
                        help=f"some of {', '.join(PARTS)}; all of them by default")
    for name, default, words in (
            ("rows", 1_000_000, "orders in the table"),
            ("turns", 3, "how often each side is measured"),
            ("duration", 15, "seconds of each turn of post and get"),
            ("warmup", 60, "seconds of load before the first turn"),
            ("batch", 10_000, "rows in a batch of the backfill, at most"),
            ("connections", 16, "database connections of pgbench and of the service"),
            ("clients", 64, "HTTP connections")):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{words} ({default})")
    parser.add_argument("--java", default="", help="options of the JVM (none)")
    parser.add_argument("--no-files", action="store_true",
                        help="prints only, and leaves bench/RESULTS.md as it is")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}")
    return options


def main():
    options = arguments()
    service.build()
    owned = Owned()
    try:
        measure(owned, options)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        owned.close()


def measure(owned, options):
    java = shlex.split(options.java)
    postgres = Postgres(owned, os.path.join(service.APPLICATION, "lib", "main"))
    facts = machine.describe(postgres, options, java)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
    parts = Parts(postgres, service.Program(owned, postgres, java), options)
    figures = []
    for part in options.parts or PARTS:
        figures += getattr(parts, part)()
    print("\n" + report.text(figures))
    if not options.no_files:
        command = " ".join(["bench/run.sh", *map(shlex.quote, sys.argv[1:])])
        print("\nwritten: " + ", ".join(report.write(figures, facts, command, os.cpu_count())))


main()
