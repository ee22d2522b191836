"""What the disk does by itself: a small write that waits for it, ten times a second."""
import os
import time

from .background import Background

BYTES = 8192
SECONDS = 0.1


class Disk(Background):
    """Beside the database's files; a stall seen here too is none of the migration's making."""

    def __init__(self, directory):
        super().__init__()
        self.path = os.path.join(directory, "disk-probe")
        # (when it began, how many milliseconds it took)
        self.writes = []

    def run(self):
        file = os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            while not self.over.wait(SECONDS):
                at, began = time.time(), time.monotonic()
                os.pwrite(file, os.urandom(BYTES), 0)
                os.fdatasync(file)
                self.writes.append((at, (time.monotonic() - began) * 1000))
        finally:
            os.close(file)

    def worst(self, start, end):
        """Of the writes that were under way at any moment of a period; None if there were none."""
        return max((ms for at, ms in self.writes if at < end and at + ms / 1000 >= start),
                   default=None)
