"""A client of a constant rate, in a process of its own:
-m bench.constant_rate port rate seconds rows [first id].

Requests are sent at their due times, whatever the responses do, over idle connections. One that
finds no idle connection waits for one, and its waiting counts. The client prints one line per
request: when it was sent, in seconds of the clock, how many milliseconds it took, and its status.
A quarter of the requests are writes; with an id all are changes of orders from that one on.
SIGTERM ends the sending early.

wrk has no rate, and k6 takes most of a core for this one, which the service and PostgreSQL need.
"""
from __future__ import annotations

import gc
import os
import random
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable

CONNECTIONS = 64
# the client's own lateness, with an idle connection, does not count
OWN_LATENESS_SECONDS = 0.02
GET = "GET /orders/{} HTTP/1.1\r\nHost: bench\r\n\r\n"
POST = ("POST /orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        "Idempotency-Key: {}\r\nContent-Length: {}\r\n\r\n{}")
PATCH = ("PATCH /orders/{} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
         "Content-Length: {}\r\n\r\n{}")
BODY = '{"userId":1,"amount":100,"status":"pending"}'


class ConstantRateClient:
    def __init__(self, connections: list[socket.socket]) -> None:
        self.lines: list[str] = []
        self._end = 0.0
        self._idle = list(connections)
        # of each request in flight by its connection: when it was due, and the time of the clock
        self._sent: dict[int, tuple[float, float]] = {}
        self._connections = {each.fileno(): each for each in connections}
        self._received = dict.fromkeys(self._connections, b"")
        self._poll = select.epoll()
        for number in self._connections:
            self._poll.register(number, select.EPOLLIN)

    def run(self, rate: float, seconds: float, next_request: Callable[[], str]) -> None:
        """Sends `rate` requests a second for so long, and waits for the last responses."""
        waiting: deque[float] = deque()
        due = time.perf_counter()
        self._end = due + seconds
        while due < self._end or waiting or self._sent:
            now = time.perf_counter()
            if now > self._end + 30:
                sys.exit(f"{len(self._sent)} requests have no response")
            while due <= now and due < self._end:
                waiting.append(due)
                due += 1 / rate
            while waiting and self._idle:
                began = waiting.popleft()
                self._send(next_request(), began if now - began > OWN_LATENESS_SECONDS else now)
            rest = due - time.perf_counter() if due < self._end else 0.01
            self._receive(max(0, min(rest, 0.01)))

    def stop(self, *_: object) -> None:
        """Ends the sending now; also as a signal handler."""
        self._end = time.perf_counter()

    def _send(self, request: str, began: float) -> None:
        connection = self._idle.pop()
        self._sent[connection.fileno()] = began, time.time()
        connection.sendall(request.encode())

    def _receive(self, seconds: float) -> None:
        for number, _ in self._poll.poll(seconds):
            received = self._connections[number].recv(65536)
            if not received:
                sys.exit("the service closed a connection")
            data = self._received[number] + received
            head, found, body = data.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                           if line.startswith(b"content-length:")), 0)
            if not found or len(body) < length:
                self._received[number] = data
                continue
            self._received[number] = b""
            began, clock = self._sent.pop(number)
            self.lines.append(
                f"{clock:.6f} {(time.perf_counter() - began) * 1000:.3f} {int(head[9:12])}")
            self._idle.append(self._connections[number])


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def random_update(first: int, rows: int) -> str:
    body = f'{{"status":"s{random.randint(1, 9)}"}}'
    return PATCH.format(random.randint(first, rows), len(body), body)


def random_create_or_read(rows: int) -> str:
    if random.random() < 0.25:
        return POST.format(os.urandom(9).hex(), len(BODY), BODY)
    return GET.format(random.randint(1, rows))


def main() -> None:
    port, rate, seconds, rows, *first = (int(word) for word in sys.argv[1:])

    def next_request() -> str:
        return random_update(first[0], rows) if first else random_create_or_read(rows)

    client = ConstantRateClient([connect(port) for _ in range(CONNECTIONS)])
    signal.signal(signal.SIGTERM, client.stop)
    gc.disable()
    client.run(rate, seconds, next_request)
    print("\n".join(client.lines))


if __name__ == "__main__":
    main()
