"""What a rehearsal asks of its traffic, whatever sends it."""
from __future__ import annotations

from typing import Protocol

from .samples import Samples
from .stage_server import StageServer


class Traffic(Protocol):
    """Traffic that runs until its server says that it is over."""

    @property
    def samples(self) -> Samples: ...

    @property
    def server(self) -> StageServer: ...

    @property
    def log(self) -> str:
        """The file that says what went wrong."""

    def is_running(self) -> bool: ...

    def finish(self) -> bool:
        """After the end: whether every user has read its ledger back."""

    def stop(self) -> None:
        """Ends it at once."""

    def await_first_requests(self) -> None:
        """Waits until the users have connected, and are not behind their schedule."""


class TrafficGenerator(Protocol):
    """Starts traffic with the same users each time."""

    def start(self, server: StageServer, name: str, rate: int) -> Traffic: ...
