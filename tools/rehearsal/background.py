"""Work that runs beside the rehearsal until it is stopped."""
from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class BackgroundTask(ABC):
    """A thread whose `run` ends soon after `stopped` is set."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join(30)

    @abstractmethod
    def run(self) -> None: ...
