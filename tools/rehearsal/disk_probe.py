"""A small write that waits for the disk, ten times a second."""
from __future__ import annotations

import os
import time

from .background import BackgroundTask

BYTES = 8192
INTERVAL_SECONDS = 0.1


class DiskProbe(BackgroundTask):
    """Writes to a file beside the database's. The migration does not cause a stall of this write,
    so one that the probe sees too is the disk's."""

    def __init__(self, directory: str) -> None:
        super().__init__()
        self._path = os.path.join(directory, "disk-probe")
        # when each write began, and how many milliseconds it took
        self.writes: list[tuple[float, float]] = []

    def run(self) -> None:
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            while not self.stopped.wait(INTERVAL_SECONDS):
                at, began = time.time(), time.monotonic()
                os.pwrite(file, os.urandom(BYTES), 0)
                os.fdatasync(file)
                self.writes.append((at, (time.monotonic() - began) * 1000))
        finally:
            os.close(file)

    def slowest_write(self, start: float, end: float) -> float | None:
        """Milliseconds of the slowest write that was in flight at any moment of a period; None if
        there were none."""
        return max((ms for at, ms in self.writes if at < end and at + ms / 1000 >= start),
                   default=None)
