"""How a user of the traffic sends a statement of its script."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .script import Statement

# a request that takes longer has failed
REQUEST_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """`error` says why a request failed. A write that has none is acknowledged."""

    error: str | None = None
    status: int = 0
    # of a create
    key: str | None = None
    # of a read; of a write if it is answered with the value
    value: str | None = None
    # False: a read found no row
    found: bool = True


class Client(Protocol):
    """Of one user: it sends one statement at a time."""

    def send(self, statement: Statement, key: str, value: str) -> Answer: ...

    def close(self) -> None: ...
