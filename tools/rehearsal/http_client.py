"""Sends requests of an .http file by a connection that stays open."""
from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field

from .client import REQUEST_SECONDS, Answer
from .script import VARIABLES, Script, Statement

# below the time after which servers close a connection that is idle; Node's is 5 s
IDLE_SECONDS = 2
REQUEST_LINE = re.compile(r"([A-Z]+) (/\S*)$")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: str


def parse_request(text: str) -> Request:
    """The request line, headers, an empty line, the body; ValueError says what is wrong."""
    head, _, body = text.partition("\n\n")
    first, *rest = head.splitlines()
    line = REQUEST_LINE.match(first.strip())
    if not line:
        raise ValueError(f"{first.strip()!r} is not a method and a path, such as GET /orders/1")
    headers = {}
    for each in rest:
        name, colon, value = each.partition(":")
        if not colon:
            raise ValueError(f"{each.strip()!r} is not a header")
        headers[name.strip()] = value.strip()
    return Request(line[1], line[2], headers, body.strip())


def fill_in(request: Request, key: str, value: str) -> Request:
    """The variables' values, encoded as path and JSON need them; a header takes them as they
    are."""
    values = {"key": key, "value": value, "uuid": str(uuid.uuid4()),
              "number": str(random.randint(1, 1_000_000))}

    def filled(text: str, encode: str) -> str:
        def one(found: re.Match[str]) -> str:
            raw = values[found[1]]
            if encode == "path":
                return urllib.parse.quote(raw, safe="")
            return json.dumps(raw)[1:-1] if encode == "json" else raw
        return VARIABLES["http"].sub(one, text)

    headers = {name: filled(text, "") for name, text in request.headers.items()}
    return Request(request.method, filled(request.path, "path"), headers,
                   filled(request.body, "json"))


@dataclass
class HttpClient:
    base_url: str
    script: Script
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)
    _used: float = field(default=0, init=False)

    def send(self, statement: Statement, key: str, value: str) -> Answer:
        """Acknowledged is a write that is answered with a status below 300."""
        request = fill_in(parse_request(statement.text), key, value)
        try:
            status, text = self._exchange(request)
        except (OSError, http.client.HTTPException) as failure:
            self.close()
            return Answer(error=f"{type(failure).__name__}: {failure}")
        if status == 404 and statement.kind == "read":
            return Answer(status=status, found=False)
        if status >= 300:
            return Answer(error=f"status {status}: {text[:200]}", status=status)
        return Answer(status=status, key=member(text, self.script.answer_key),
                      value=member(text, self.script.answer_value))

    def close(self) -> None:
        if self._connection:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def _exchange(self, request: Request) -> tuple[int, str]:
        if time.monotonic() - self._used > IDLE_SECONDS:
            self.close()
        if self._connection is None:
            self._connection = connect(self.base_url)
        prefix = urllib.parse.urlsplit(self.base_url).path.rstrip("/")
        self._connection.request(request.method, prefix + request.path,
                                 request.body.encode() or None, request.headers)
        response = self._connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        self._used = time.monotonic()
        return response.status, text


def connect(base_url: str) -> http.client.HTTPConnection:
    parts = urllib.parse.urlsplit(base_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=REQUEST_SECONDS)


def member(text: str, path: str) -> str | None:
    """A member of a JSON answer as text, `order.id` for one; None if it has none."""
    if not path:
        return None
    try:
        value = json.loads(text)
        for name in path.split("."):
            value = value[name]
    except (ValueError, KeyError, TypeError):
        return None
    if value is None or isinstance(value, (dict, list)):
        return None
    return value if isinstance(value, str) else json.dumps(value)
