"""Requests while a tenth of them is traced, against the same without a receiver of traces."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.errors import HarnessError
from harness.process_group import free_port

from .context import BenchContext
from .figure import Figure
from .load_generators import Measurement
from .orders import cpu_figure, rates_of

CALLS = (("POST /orders, keyed", "post.lua", False), ("GET /orders/{id}", "get.lua", True))


class Receiver(BaseHTTPRequestHandler):
    """Takes what it is sent, and reads none of it."""

    protocol_version = "HTTP/1.1"
    taken = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.taken += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiver() -> Iterator[int]:
    """A receiver of OTLP over HTTP; gives its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def settings(port: int, share: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}


def measure_traces(bench: BenchContext) -> list[Figure]:
    """POST and GET with a tenth of them traced, and with a dead receiver, against none"""
    with receiver() as port:
        off = bench.serve_phase(1)
        traced = bench.program.serve(off.database, 1, **settings(port, "0.1"))
        dead = bench.program.serve(off.database, 1, **settings(free_port(), "0.1"))
        services = {"off": off, "10 % sampled": traced, "10 %, dead receiver": dead}
        figures: list[Figure] = []
        for call, script, by_id in CALLS:
            arguments = [str(bench.options.rows)] if by_id else []
            for service in services.values():
                bench.warm_up(service, script, *arguments)
            sides: dict[str, Callable[[], Measurement]] = {
                name: partial(bench.measure_requests, service, script, *arguments)
                for name, service in services.items()}
            found = bench.measure_in_turns(f"traces, {call}", sides)
            bench.clear_keys(off.database)
            rates = {name: rates_of(turns) for name, turns in found.items()}
            figures += [
                Figure(f"{call}, {name} / off", "1/s", rates[name], rates["off"], 0.95)
                for name in services if name != "off"]
            figures.append(cpu_figure(f"{call}, 10 % sampled", found["10 % sampled"]))
        if Receiver.taken == 0:
            raise HarnessError("the receiver was sent nothing")
        traced.stop()
        dead.stop()
        bench.stop_services([off])
    return figures
