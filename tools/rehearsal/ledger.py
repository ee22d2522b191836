"""What each key must hold: the last acknowledged write, or what was there before."""
from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(eq=False)
class Entry:
    """A key belongs to one user, so its writes come one after the other."""

    key: str
    value: str | None
    # False: nothing wrote it since the rehearsal began
    acknowledged: bool
    user: int
    place: int
    # a write of it is in flight
    busy: bool = False
    # a check reads it: no write of it begins
    held: bool = False

    def promise(self) -> str:
        return f"{'acknowledged' if self.acknowledged else 'held before'} {shown(self.value)}"


class Ledger:
    """Users write it, checks read it. Thread-safe."""

    def __init__(self, users: int) -> None:
        self._changed = threading.Condition()
        self._owned: list[list[Entry]] = [[] for _ in range(users)]
        self._entries: dict[str, Entry] = {}
        # by key, what was found first
        self.differences: dict[str, str] = {}
        self.checked = 0

    def load(self, rows: Iterable[tuple[str, str | None]]) -> None:
        """Rows that are there before the traffic, shared out among the users."""
        for i, (key, value) in enumerate(rows):
            self._add(i % len(self._owned), key, value, False)

    def created(self, user: int, key: str, value: str) -> bool:
        """False if the key is known: then a create wrote a row that was there."""
        return self._add(user, key, value, True)

    def _add(self, user: int, key: str, value: str | None, acknowledged: bool) -> bool:
        with self._changed:
            if key in self._entries:
                return False
            owned = self._owned[user]
            entry = Entry(key, value, acknowledged, user, len(owned))
            owned.append(entry)
            self._entries[key] = entry
            return True

    def any_of(self, user: int) -> Entry | None:
        """One of the user's keys, to read it."""
        owned = self._owned[user]
        return random.choice(owned) if owned else None

    def begin_write(self, user: int) -> Entry | None:
        """One of the user's keys, to change it; None if there is none that no check holds."""
        with self._changed:
            for _ in range(10):
                entry = self.any_of(user)
                if entry is None:
                    return None
                if not entry.held:
                    entry.busy = True
                    return entry
        return None

    def end_write(self, entry: Entry, value: str) -> None:
        with self._changed:
            entry.value, entry.acknowledged, entry.busy = value, True, False
            self._changed.notify_all()

    def forget(self, entry: Entry) -> None:
        """After a write of unknown outcome: either value is right."""
        with self._changed:
            owned = self._owned[entry.user]
            last = owned.pop()
            if last is not entry:
                owned[entry.place] = last
                last.place = entry.place
            del self._entries[entry.key]
            entry.busy = False
            self._changed.notify_all()

    def written_by(self, user: int) -> list[Entry]:
        """The user's keys that it has written."""
        with self._changed:
            return [entry for entry in self._owned[user] if entry.acknowledged]

    def entries(self) -> list[tuple[str, str | None]]:
        """Every key, and what it must hold now, unless a write changes it meanwhile."""
        with self._changed:
            return [(entry.key, entry.value) for entry in self._entries.values()]

    def hold(self, keys: Collection[str], seconds: float) -> list[Entry]:
        """Lets no write of these keys begin, and gives those of which none is in flight after so
        many seconds at most. `release` has to follow."""
        with self._changed:
            held = [self._entries[key] for key in keys if key in self._entries]
            for entry in held:
                entry.held = True
            self._changed.wait_for(lambda: not any(entry.busy for entry in held), seconds)
            return [entry for entry in held
                    if not entry.busy and self._entries.get(entry.key) is entry]

    def release(self, keys: Collection[str]) -> None:
        with self._changed:
            for key in keys:
                if key in self._entries:
                    self._entries[key].held = False

    def count_checks(self, checks: int) -> None:
        with self._changed:
            self.checked += checks

    def record_difference(self, key: str, found: str) -> None:
        """A key counts once, with what was found first."""
        with self._changed:
            self.differences.setdefault(key, found)


def shown(value: str | None) -> str:
    """A value in a sentence, cut where it is long."""
    if value is None:
        return "NULL"
    return f"'{value if len(value) <= 60 else value[:57] + '...'}'"
