"""The command line of tools/bench/run.sh."""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

NUMBERS = (
    ("rows", 1_000_000, "orders in the table"),
    ("turns", 3, "how often each side is measured"),
    ("duration", 15, "seconds of each turn of requests"),
    ("warmup", 60, "seconds of load before the first turn of requests"),
    ("batch", 10_000, "rows in a batch of the backfill, at most"),
    ("connections", 16, "database connections of pgbench and of the service"),
    ("clients", 64, "HTTP connections"),
    ("rate", 400, "requests a second of the parts step and holder; pace begins with it"),
)


@dataclass(frozen=True)
class Options:
    parts: list[str]
    rows: int
    turns: int
    duration: int
    warmup: int
    batch: int
    connections: int
    clients: int
    rate: int
    short_turns: int
    short_duration: int
    growth: list[int]
    java: str
    other: str | None
    pgroll: str | None
    list_parts: bool
    add: bool
    no_files: bool


def parse_options(known_parts: Sequence[str], words: Sequence[str] | None = None) -> Options:
    parser = _parser(known_parts)
    given = parser.parse_args(words)
    unknown = [part for part in given.parts if part not in known_parts]
    if unknown:
        parser.error(f"there is no part {unknown[0]}")
    if "builds" in given.parts and given.other is None:
        parser.error("the part builds needs --other")
    return Options(
        parts=given.parts or [
            part for part in known_parts if part != "builds" or given.other],
        short_turns=given.short_turns or given.turns * 5,
        short_duration=given.short_duration or max(1, given.duration // 3),
        growth=given.growth or [given.rows * n for n in (1, 4, 16)],
        java=given.java, other=given.other, pgroll=given.pgroll, list_parts=given.list,
        add=given.add, no_files=given.no_files,
        **{name: getattr(given, name) for name, _, _ in NUMBERS})


def _parser(known_parts: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/bench/run.sh",
        description="Measures the service against plain PostgreSQL, and against other services, "
        "on this machine, each side in turns. --list describes the parts.")
    parser.add_argument("parts", nargs="*", metavar="part",
                        help=f"some of {', '.join(known_parts)}; all of them by default")
    for name, default, words in NUMBERS:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{words} ({default})")
    for name, words in (
            ("short-turns", "how often each side is measured where 3 %% count: fence, lone "
             "and builds (5 times the turns)"),
            ("short-duration", "seconds of each of these turns (a third of the duration)")):
        parser.add_argument(f"--{name}", type=int, help=words)
    parser.add_argument("--growth", type=_ascending_numbers,
                        help="numbers of rows of the part growth, the least first "
                        "(1, 4, and 16 times --rows)")
    parser.add_argument("--java", default="", help="options of the JVM (none)")
    parser.add_argument("--other", metavar="DIRECTORY",
                        help="another checkout, packaged, that the part builds compares with")
    parser.add_argument("--pgroll", metavar="FILE",
                        help="the binary of pgroll, whose triggers the part sync measures as well")
    parser.add_argument("--list", action="store_true", help="lists the parts")
    parser.add_argument("--add", action="store_true",
                        help="keeps what the newest results have of other parts")
    parser.add_argument("--no-files", action="store_true",
                        help="prints only, and leaves tools/bench/RESULTS.md as it is")
    return parser


def _ascending_numbers(text: str) -> list[int]:
    found = [int(word) for word in text.replace("_", "").split(",")]
    if len(found) < 2 or found != sorted(found):
        raise argparse.ArgumentTypeError("at least two numbers, the least first")
    return found
