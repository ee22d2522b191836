"""A client of a constant rate, in a process of its own: -m bench.constant_rate port rate seconds rows [id].

Requests leave at their due times whatever the answers do, over idle connections; one that finds
none idle waits for one, and its waiting counts. It prints one line per request: when it was sent,
in seconds of the clock, how many milliseconds it took, and its status. A quarter of them are writes;
with an id all are changes of orders from that one on.
SIGTERM ends the sending early.

wrk has no rate, and k6 takes most of a core for this one, which the service and PostgreSQL need.
"""
import gc
import os
import random
import select
import signal
import socket
import sys
import time
from collections import deque

CONNECTIONS = 64
GET = "GET /orders/{} HTTP/1.1\r\nHost: bench\r\n\r\n"
POST = ("POST /orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        "Idempotency-Key: {}\r\nContent-Length: {}\r\n\r\n{}")
PATCH = ("PATCH /orders/{} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
         "Content-Length: {}\r\n\r\n{}")
BODY = '{"userId":1,"amount":100,"status":"pending"}'


class Client:
    def __init__(self, port):
        self.poll = select.epoll()
        self.idle, self.sent, self.lines = [], {}, []
        self.end = 0
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.poll.register(connection, select.EPOLLIN)
            self.idle.append(connection)
        self.connections = {each.fileno(): each for each in self.idle}
        self.parts = {number: b"" for number in self.connections}

    def run(self, rate, seconds, request):
        """Sends `rate` requests a second for so long, and waits for the last answers."""
        waiting = deque()
        due = time.perf_counter()
        self.end = due + seconds
        while due < self.end or waiting or self.sent:
            now = time.perf_counter()
            if now > self.end + 30:
                raise SystemExit(f"{len(self.sent)} requests have no answer")
            while due <= now and due < self.end:
                waiting.append(due)
                due += 1 / rate
            while waiting and self.idle:
                # its own lateness, with a connection idle, is not the service's
                began = waiting.popleft()
                self.send(request(), began if now - began > 0.02 else now)
            rest = due - time.perf_counter() if due < self.end else 0.01
            self.read(max(0, min(rest, 0.01)))

    def stop(self, *_):
        self.end = time.perf_counter()

    def send(self, request, began):
        connection = self.idle.pop()
        self.sent[connection.fileno()] = began, time.time()
        connection.sendall(request.encode())

    def read(self, seconds):
        for number, _ in self.poll.poll(seconds):
            data = self.parts[number] + self.connections[number].recv(65536)
            head, found, body = data.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                           if line.startswith(b"content-length:")), 0)
            if not data:
                raise SystemExit("the service closed a connection")
            if not found or len(body) < length:
                self.parts[number] = data
                continue
            self.parts[number] = b""
            began, clock = self.sent.pop(number)
            self.lines.append(
                f"{clock:.6f} {(time.perf_counter() - began) * 1000:.3f} {int(head[9:12])}")
            self.idle.append(self.connections[number])


def main():
    port, rate, seconds, rows, *first = (int(word) for word in sys.argv[1:])

    def request():
        if first:
            body = '{"status":"s%d"}' % random.randint(1, 9)
            return PATCH.format(random.randint(first[0], rows), len(body), body)
        if random.random() < 0.25:
            return POST.format(os.urandom(9).hex(), len(BODY), BODY)
        return GET.format(random.randint(1, rows))

    client = Client(port)
    signal.signal(signal.SIGTERM, client.stop)
    gc.disable()
    client.run(rate, seconds, request)
    print("\n".join(client.lines))


if __name__ == "__main__":
    main()
