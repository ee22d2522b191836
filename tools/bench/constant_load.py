"""Requests at a constant rate while something else happens, and what each of them took."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.errors import HarnessError
from harness.process_group import ProcessGroup

from .context import BenchContext
from .service import Service

# longer than any measurement: the load is stopped when that is over
LONGEST_SECONDS = 36_000


class Request(NamedTuple):
    sent: float
    millis: float


@dataclass(frozen=True)
class ConstantLoad:
    """The process of bench.constant_rate and the files that it writes to."""

    processes: ProcessGroup
    process: subprocess.Popen[bytes]
    output: str
    errors: str

    def stop_and_read(self) -> list[Request]:
        """Stops the sending; every request must have succeeded."""
        self.processes.stop(self.process, seconds=60)
        if self.process.returncode != 0:
            with open(self.errors, encoding="utf-8") as file:
                raise HarnessError(f"the client of a constant rate failed: {file.read()}")
        with open(self.output, encoding="utf-8") as file:
            found = [line.split() for line in file]
        failed = [status for _, _, status in found if not status.startswith("2")]
        if failed:
            raise HarnessError(f"{len(failed)} requests failed, the first one with {failed[0]}")
        return [Request(float(sent), float(millis)) for sent, millis, _ in found]


def start_constant_load(bench: BenchContext, service: Service, rows: int,
                        first_updated: int | None = None, rate: int | None = None) -> ConstantLoad:
    """Reads and writes, or with an id only changes of orders from that one on. Without a rate, at
    the one of the command line."""
    processes = bench.program.processes
    output, errors = (os.path.join(processes.directory, f"constant_rate.{name}")
                      for name in ("out", "err"))
    words = [service.port, rate or bench.options.rate, LONGEST_SECONDS, rows]
    if first_updated is not None:
        words.append(first_updated)
    with open(output, "wb") as out, open(errors, "wb") as err:
        process = processes.start(
            [sys.executable, "-m", "bench.constant_rate", *map(str, words)],
            cwd=processes.directory, stdout=out, stderr=err)
    return ConstantLoad(processes, process, output, errors)


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
