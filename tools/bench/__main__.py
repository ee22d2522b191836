"""The command line."""
import argparse
import os
import shlex
import sys

from harness import machine, service

from . import backfills, cost, fence, orders, report, row_lock, steps
from .context import Bench
from harness.process_group import Owned
from harness.postgres import Postgres

PARTS = {part.__name__: part for part in (
    fence.fence, orders.phases, orders.get, orders.lone, orders.peer, orders.overload,
    backfills.backfill, backfills.growth, backfills.parity, steps.step,
    row_lock.holder, row_lock.heartbeats, cost.cost)}


def arguments():
    parser = argparse.ArgumentParser(
        prog="tools/bench/run.sh",
        description="Measures the service against plain PostgreSQL, and against others, on this "
        "machine, each side in turns. --list says what the parts are.")
    parser.add_argument("parts", nargs="*", metavar="part",
                        help=f"some of {', '.join(PARTS)}; all of them by default")
    for name, default, words in (
            ("rows", 1_000_000, "orders in the table"),
            ("turns", 3, "how often each side is measured"),
            ("duration", 15, "seconds of each turn of requests"),
            ("warmup", 60, "seconds of load before the first turn of requests"),
            ("batch", 10_000, "rows in a batch of the backfill, at most"),
            ("connections", 16, "database connections of pgbench and of the service"),
            ("clients", 64, "HTTP connections"),
            ("rate", 400, "requests a second of the parts step and holder")):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{words} ({default})")
    for name, words in (
            ("short-turns", "how often each side is measured where 3 %% count: fence and lone "
             "(5 times the turns)"),
            ("short-duration", "seconds of each of these turns (a third of the duration)")):
        parser.add_argument(f"--{name}", type=int, help=words)
    parser.add_argument("--growth", type=numbers,
                        help="numbers of rows of the part growth, the least first "
                        "(1, 4, and 16 times --rows)")
    parser.add_argument("--java", default="", help="options of the JVM (none)")
    parser.add_argument("--list", action="store_true", help="lists the parts")
    parser.add_argument("--add", action="store_true",
                        help="keeps what the newest results have of other parts")
    parser.add_argument("--no-files", action="store_true",
                        help="prints only, and leaves tools/bench/RESULTS.md as it is")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}")
    options.parts = options.parts or list(PARTS)
    options.short_turns = options.short_turns or options.turns * 5
    options.short_duration = options.short_duration or max(1, options.duration // 3)
    options.growth = options.growth or [options.rows * n for n in (1, 4, 16)]
    return options


def numbers(text):
    found = [int(word) for word in text.replace("_", "").split(",")]
    if len(found) < 2 or found != sorted(found):
        raise argparse.ArgumentTypeError("at least two numbers, the least first")
    return found


def main():
    options = arguments()
    if options.list:
        print("\n".join(f"{name:10}{part.__doc__}" for name, part in PARTS.items()))
        return
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
    postgres.age()
    facts = machine.describe(postgres, options, java)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
    bench = Bench(postgres, service.Program(owned, postgres, java), options)
    command = " ".join(["tools/bench/run.sh", *map(shlex.quote, sys.argv[1:])])
    figures, written = [], ()
    for n, part in enumerate(options.parts, 1):
        figures += PARTS[part](bench)
        if not options.no_files:
            # after each part: a run of all of them is long, and may be interrupted
            run = {"command": command, "parts": options.parts[:n], "machine": facts,
                   "figures": [figure.json() for figure in figures], "notes": bench.notes}
            written = report.write(run, os.cpu_count(), options.add)
    print("\n" + "\n\n".join([report.text(figures), *bench.notes]))
    if written:
        print("\nwritten: " + ", ".join(written))


main()
