"""What is rehearsed: one migration of one table."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """A migration by its name, and its table as SQL names it."""

    migration: str
    table: str


ORDERS = Subject("orders-status", "orders")
