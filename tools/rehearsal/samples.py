"""What the traffic measures: read from k6's CSV output while it runs, or added by users."""
from __future__ import annotations

import csv
import threading
from array import array
from collections import Counter
from collections.abc import Iterable

from harness.json_object import JsonObject

Row = list[str]


class Samples:
    """What requests took that did not fail. One thread reads k6's output into it, or several add
    to it; it is read when they have ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.times = array("d")
        self.millis = array("d")
        self.scheduled_times = array("d")
        self.scheduled_millis = array("d")
        self.failures: list[JsonObject] = []
        self.failed_checks: Counter[str] = Counter()
        self.counters = {"ledger_checked": 0, "ledger_differences": 0, "writes_unanswered": 0,
                         "dropped_iterations": 0}

    def add_request(self, at: float, millis: float) -> None:
        with self._lock:
            self.times.append(at)
            self.millis.append(millis)

    def add_scheduled(self, at: float, millis: float) -> None:
        """The same request, from the moment at which it was due."""
        with self._lock:
            self.scheduled_times.append(at)
            self.scheduled_millis.append(millis)

    def add_failure(self, at: float, endpoint: str, status: int, error: str) -> None:
        with self._lock:
            self.failures.append({"at": at, "endpoint": endpoint, "status": status,
                                  "error": error})

    def add_failed_check(self, check: str) -> None:
        with self._lock:
            self.failed_checks[check] += 1

    def read(self, lines: Iterable[str]) -> None:
        rows = csv.reader(lines)
        column = {name: i for i, name in enumerate(next(rows, []))}
        for row in rows:
            if len(row) >= len(column):
                self._add(row, column)

    def _add(self, row: Row, column: dict[str, int]) -> None:
        metric = row[column["metric_name"]]
        value = float(row[column["metric_value"]])
        if metric in self.counters:
            self.counters[metric] += round(value)
        elif metric == "checks":
            if not value:
                self.failed_checks[row[column["check"]]] += 1
        elif metric == "duration_as_scheduled":
            self.scheduled_times.append(_seconds(row, column))
            self.scheduled_millis.append(value)
        elif metric in ("http_req_duration", "http_req_failed"):
            tags = row[column["extra_tags"]].split("&")
            if "endpoint=control" in tags:
                return
            if metric == "http_req_duration":
                self._add_duration(value, row, column)
            elif value:
                self._add_failure(tags, row, column)

    def _add_duration(self, millis: float, row: Row, column: dict[str, int]) -> None:
        # a refused connection takes no time: it would make the percentiles look better
        if row[column["expected_response"]] != "false":
            self.times.append(_seconds(row, column))
            self.millis.append(millis)

    def _add_failure(self, tags: list[str], row: Row, column: dict[str, int]) -> None:
        endpoint = next((tag[len("endpoint="):] for tag in tags if tag.startswith("endpoint=")),
                        row[column["url"]])
        status, error = row[column["status"]], row[column["error"]]
        self.failures.append({"at": _seconds(row, column), "endpoint": endpoint,
                              "status": int(status or 0), "error": error or f"status {status}"})


def _seconds(row: Row, column: dict[str, int]) -> float:
    return float(row[column["timestamp"]]) / 1000
