"""The users that send the statements of a script, and keep the ledger."""
from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .client import REQUEST_SECONDS, Answer, Client
from .errors import MigrationIncompleteError
from .ledger import Entry, Ledger, shown
from .samples import Samples
from .script import Script, Statement
from .stage_server import StageServer

# of the measured traffic, before the baseline
LEAD_SECONDS = 5
MOST_LINES = 1000


@dataclass
class FailureLog:
    """Failed requests and wrong answers, in a file; the first ones."""

    path: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lines: int = 0

    def write(self, text: str) -> None:
        with self._lock:
            self._lines += 1
            if self._lines <= MOST_LINES:
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(text + "\n")


class User(threading.Thread):
    """Sends at its own pace until the traffic is over; then it may read its keys back."""

    def __init__(self, number: int, script: Script, ledger: Ledger, client: Client,
                 traffic: ScriptTraffic) -> None:
        super().__init__(daemon=True)
        self._number, self._script, self._ledger = number, script, ledger
        self._client, self._traffic = client, traffic
        self._weights = [statement.weight for statement in script.statements]
        self.finished = False

    def run(self) -> None:
        try:
            self._serve()
            if self._traffic.reads_back:
                self._read_back()
            self.finished = True
        except Exception as failure:  # a thread that ends silently would look as if it had finished
            self._traffic.failures.write(f"user {self._number} ended: {failure!r}")
            raise
        finally:
            self._client.close()

    def _serve(self) -> None:
        traffic = self._traffic
        due = time.monotonic() + traffic.interval * self._number / traffic.users
        while not traffic.over():
            due += traffic.interval
            traffic.stopped.wait(max(0.0, due - time.monotonic()))
            if not traffic.over():
                self._step(due)

    def _step(self, due: float) -> None:
        statement = random.choices(self._script.statements, self._weights)[0]
        if statement.kind == "create":
            self._create(statement, due)
        elif statement.kind == "read":
            entry = self._ledger.any_of(self._number)
            if entry:
                self._read(statement, entry, due)
        else:
            entry = self._ledger.begin_write(self._number)
            if entry:
                self._change(statement, entry, due)

    def _create(self, statement: Statement, due: float) -> None:
        value = self._other_value(None)
        answer = self._send(statement, "", value, due)
        if answer.error is None:
            self._judge_value(statement, answer, value)
            known = answer.key is None or not self._ledger.created(self._number, answer.key, value)
            if known:
                self._wrong(f"{statement.kind}: gives a new key", f"it gave {answer.key}")

    def _change(self, statement: Statement, entry: Entry, due: float) -> None:
        value = self._other_value(entry.value)
        answer = self._send(statement, entry.key, value, due)
        if answer.error is None:
            self._judge_value(statement, answer, value)
            self._ledger.end_write(entry, value)
        else:
            self._ledger.forget(entry)

    def _judge_value(self, statement: Statement, answer: Answer, value: str) -> None:
        """A service may answer a write with its value."""
        if answer.value is not None and answer.value != value:
            self._wrong(f"{statement.kind}: answers with the value",
                        f"wrote {shown(value)}, was answered {shown(answer.value)}")

    def _read(self, statement: Statement, entry: Entry, due: float | None = None) -> None:
        answer = self._send(statement, entry.key, "", due)
        if answer.error is None:
            self._ledger.count_checks(1)
            if not answer.found or answer.value != entry.value:
                read = shown(answer.value) if answer.found else "no row"
                stage = self._traffic.server.stage
                text = f"{entry.promise()}, a client read {read} in {stage}"
                self._ledger.record_difference(entry.key, text)
                self._traffic.failures.write(f"key {entry.key}: {text}")

    def _read_back(self) -> None:
        statements = self._script.of_kind("read")
        for entry in self._ledger.written_by(self._number) if statements else []:
            if self._traffic.stopped.is_set():
                return
            self._read(random.choice(statements), entry)

    def _send(self, statement: Statement, key: str, value: str, due: float | None) -> Answer:
        began = time.monotonic()
        answer = self._client.send(statement, key, value)
        now = time.monotonic()
        endpoint = statement.kind if due is not None else "read-back"
        samples = self._traffic.samples
        if answer.error is None:
            samples.add_request(time.time(), (now - began) * 1000)
        else:
            samples.add_failure(time.time(), endpoint, answer.status, answer.error)
            self._traffic.failures.write(f"{endpoint} {key} {value}: {answer.error}")
        if due is not None:
            samples.add_scheduled(time.time(), (now - due) * 1000)
        return answer

    def _wrong(self, check: str, text: str) -> None:
        self._traffic.samples.add_failed_check(check)
        self._traffic.failures.write(f"{check}: {text}")

    def _other_value(self, now: str | None) -> str:
        values = [value for value in self._script.values if value != now]
        return random.choice(values) if values else "v" + secrets.token_hex(6)


class ScriptTraffic:
    """Users that send, as threads of this process."""

    def __init__(self, server: StageServer, failures: FailureLog, rate: int, users: int,
                 reads_back: bool) -> None:
        self.server, self.failures = server, failures
        self.users, self.reads_back = users, reads_back
        self.log = failures.path
        self.interval = users / rate
        self.samples = Samples()
        self.stopped = threading.Event()
        self._users: Sequence[User] = []

    def begin(self, users: Sequence[User]) -> None:
        self._users = users
        for user in users:
            user.start()

    def over(self) -> bool:
        return self.server.done or self.stopped.is_set()

    def is_running(self) -> bool:
        return any(user.is_alive() for user in self._users)

    def finish(self) -> bool:
        """After the end: whether every user has read its keys back."""
        return self.server.done and all(user.finished for user in self._users)

    def stop(self) -> None:
        """Ends all users after the request that each of them has in flight."""
        self.stopped.set()
        for user in self._users:
            user.join(2 * REQUEST_SECONDS)

    def await_first_requests(self) -> None:
        """Waits until users are answered, and are not behind their schedule."""
        deadline = time.monotonic() + 30
        while not self.samples.times:
            if not self.is_running() or time.monotonic() > deadline:
                raise MigrationIncompleteError(f"no request was answered, see {self.log}")
            time.sleep(0.1)
        time.sleep(LEAD_SECONDS)


@dataclass(frozen=True)
class ScriptTrafficGenerator:
    """Starts the same users each time, on one ledger."""

    script: Script
    ledger: Ledger
    users: int
    open_client: Callable[[], Client]
    failures: FailureLog

    def start(self, server: StageServer, name: str, rate: int) -> ScriptTraffic:
        traffic = ScriptTraffic(server, self.failures, rate, self.users, name == "traffic")
        traffic.begin([User(number, self.script, self.ledger, self.open_client(), traffic)
                       for number in range(self.users)])
        return traffic
