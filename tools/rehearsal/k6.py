"""The k6 process that sends the traffic."""
from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass

from harness.process_group import ProcessGroup
from harness.program import ROOT, clean_environment

from .errors import MigrationIncompleteError
from .samples import Samples
from .stage_server import StageServer

SCRIPT = os.path.join(ROOT, "k6", "migration.js")
# the rehearsal stops k6, and every wait of the rehearsal is bounded: this is not reached
LONGEST = "24h"
# 99: a threshold was crossed, which the verdict judges too
EXPECTED_STATUSES = (0, 99)
# of the measured traffic, before the baseline
LEAD_SECONDS = 5


@dataclass(frozen=True)
class K6Traffic:
    processes: ProcessGroup
    process: subprocess.Popen[bytes]
    samples: Samples
    reader: threading.Thread
    server: StageServer
    summary: str
    log: str

    def is_running(self) -> bool:
        return self.process.poll() is None

    def finish(self) -> bool:
        """After the end of the process: whether every user has read its ledger back."""
        self.reader.join(30)
        status = self.processes.wait(self.process)
        return (self.server.done and status in EXPECTED_STATUSES and os.path.exists(self.summary))

    def stop(self) -> None:
        self.processes.stop(self.process)
        self.reader.join(30)

    def await_first_requests(self) -> None:
        """Waits until the users have connected, and are not behind their schedule."""
        deadline = time.monotonic() + 30
        began = None
        while began is None or time.monotonic() - began < LEAD_SECONDS:
            if not self.is_running() or time.monotonic() > deadline:
                raise MigrationIncompleteError(f"k6 sent no request, see {self.log}")
            if began is None and self.samples.times:
                began = time.monotonic()
            time.sleep(0.1)


@dataclass(frozen=True)
class K6TrafficGenerator:
    """Starts k6 with the same script and users each time."""

    processes: ProcessGroup
    k6: str
    script: str
    base_urls: str
    users: int
    out: str

    def start(self, server: StageServer, name: str, rate: int) -> K6Traffic:
        """Starts k6; the samples are read from a pipe that is named after the traffic."""
        pipe = os.path.join(self.processes.directory, f"{name}.csv")
        os.mkfifo(pipe)
        samples = Samples()
        reader = threading.Thread(target=_read_pipe, args=(samples, pipe), daemon=True)
        reader.start()
        summary, log_file = (os.path.join(self.out, f"{name}-k6.{end}") for end in ("json", "log"))
        with open(log_file, "wb") as log:
            process = self.processes.start(
                [self.k6, "run", "--quiet", "--no-usage-report", "--out", f"csv={pipe}",
                 self.script], stdout=log, stderr=log, cwd=self.out,
                env=clean_environment(
                    CONTROL_URL=server.url, SUMMARY=summary, USERS=str(self.users),
                    RATE=str(rate), DURATION=LONGEST, BASE_URL=self.base_urls,
                    K6_CSV_TIME_FORMAT="unix_milli", K6_CSV_SAVE_INTERVAL="500ms"))
        return K6Traffic(self.processes, process, samples, reader, server, summary, log_file)


def _read_pipe(samples: Samples, pipe: str) -> None:
    with open(pipe, encoding="utf-8", newline="") as lines:
        samples.read(lines)
