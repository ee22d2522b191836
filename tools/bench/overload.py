"""Twice the load that the service can take."""
from __future__ import annotations

from . import load_generators
from .context import BenchContext
from .figure import Figure
from .load_generators import Measurement

# a response takes about as long as the client's pause, so this many offer about twice the peak
CONNECTIONS = 2000
DEADLINE_SECONDS = 5


def measure_overload(bench: BenchContext) -> list[Figure]:
    """POST of keyed orders, twice the capacity offered, against the most that is done without"""
    service = bench.serve_phase(1, REQUEST_DEADLINE=f"{DEADLINE_SECONDS}s")
    bench.warm_up(service, "post.lua")
    peaks: list[float] = []

    def run_at_peak() -> Measurement:
        bench.clear_keys(service.database)
        peaks.append(bench.run_wrk(service.port, "post.lua")["rate"])
        return {"rate": peaks[-1]}

    def run_at_twice_the_peak() -> Measurement:
        bench.clear_keys(service.database)
        # connections / (2 peak) from one request to the next, less the mean time of a response
        pause_millis = max(1, round(CONNECTIONS / (2 * peaks[-1]) * 1000 * 0.7))
        return load_generators.run_wrk_overload(
            service.port, CONNECTIONS, bench.options.duration, pause_millis)

    # the turn of "twice" needs a peak: measure_in_turns begins with the first side
    found = bench.measure_in_turns(
        "overload", {"peak": run_at_peak, "twice": run_at_twice_the_peak})
    bench.stop_services([service])
    offered, goodput, p99 = ([each[name] for each in found["twice"]]
                             for name in ("offered", "goodput", "p99"))
    peak = [each["rate"] for each in found["peak"]]
    what = "POST /orders, keyed, overload"
    return [
        Figure(f"{what}: offered / peak", "1/s", offered, peak),
        Figure(f"{what}: goodput / peak", "1/s", goodput, peak, 0.9),
        Figure(f"{what}: p99 of the accepted / deadline", "ms", p99,
               [DEADLINE_SECONDS * 1000] * len(p99), 1, upper=True)]
