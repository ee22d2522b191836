"""The operators' API, by any instance that answers."""
from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from harness.json_object import JsonObject

from .errors import MigrationIncompleteError
from .fleet import Fleet, Instance


class OperatorApi:
    def __init__(self, fleet: Fleet, password: str, migration: str) -> None:
        self._fleet = fleet
        self._path = "/migrations/" + migration
        token = base64.b64encode(f"operator:{password}".encode()).decode()
        self._headers = {"Authorization": "Basic " + token, "Accept": "application/json"}

    def status(self) -> JsonObject:
        found: JsonObject = self._call("GET", "")
        return found

    def history(self) -> list[JsonObject]:
        """The oldest entry first."""
        return list(reversed(self._call("GET", "/history")))

    def start_backfill(self) -> int:
        """Gives the number of the run."""
        run: int = self._call("POST", "/backfill", seconds=120)["run"]
        return run

    def _call(self, method: str, path: str, seconds: float = 10) -> Any:
        last: OSError | None = None
        for instance in self._fleet.instances:
            try:
                return self._send(instance, method, path, seconds)
            except urllib.error.HTTPError as answer:
                text = answer.read().decode("utf-8", "replace")
                raise MigrationIncompleteError(
                    f"{method} {self._path}{path} was answered {answer.code}: "
                    + format_problem(text)) from None
            except OSError as failure:
                last = failure
                if method != "GET" and instance.is_running():
                    break
        raise MigrationIncompleteError(f"no instance answers {method} {self._path}{path}: {last}")

    def _send(self, instance: Instance, method: str, path: str, seconds: float) -> Any:
        request = urllib.request.Request(
            instance.url + self._path + path, method=method, headers=self._headers)
        with urllib.request.urlopen(request, timeout=seconds) as response:
            text = response.read()
        return json.loads(text) if text else None


def format_problem(text: str) -> str:
    """The detail of a problem, and the gates that are closed."""
    try:
        problem = json.loads(text)
    except ValueError:
        return text[:300]
    gates = [f"{g['gate']} is closed: {g['reason']}" for g in problem.get("gates", [])]
    return "; ".join([problem.get("detail", ""), *gates])
