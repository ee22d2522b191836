"""Measures the parts that the command line names, and writes their figures."""
from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable

from harness import program as packaged
from harness.errors import HarnessError
from harness.json_object import JsonObject
from harness.postgres import start_postgres
from harness.process_group import ProcessGroup

from . import (
    backfills,
    builds,
    cost,
    fence,
    heartbeats,
    instructions,
    keys,
    orders,
    overload,
    pace,
    parity,
    peer_service,
    reader_view,
    replays,
    replicas,
    report,
    row_lock,
    scale,
    steps,
    sync,
    traces,
)
from .context import BenchContext
from .description import describe_setup
from .figure import Figure
from .options import Options, parse_options
from .service import Program

PARTS: dict[str, Callable[[BenchContext], list[Figure]]] = {
    "fence": fence.measure_fence,
    "sync": sync.measure_sync,
    "view": reader_view.measure_reader_view,
    "instructions": instructions.measure_instructions,
    "phases": orders.measure_phases,
    "get": orders.measure_get,
    "lone": orders.measure_single_client,
    "peer": peer_service.measure_against_peer,
    "builds": builds.measure_builds,
    "overload": overload.measure_overload,
    "backfill": backfills.measure_backfill,
    "growth": backfills.measure_growth,
    "pace": pace.measure_pace,
    "keys": keys.measure_keys,
    "parity": parity.measure_parity,
    "step": steps.measure_steps,
    "holder": row_lock.measure_row_lock,
    "replicas": replicas.measure_replicas,
    "heartbeats": heartbeats.measure_heartbeats,
    "traces": traces.measure_traces,
    "cost": cost.measure_cost,
    "scale": scale.measure_scale,
    "replays": replays.measure_replays,
}


def main() -> None:
    options = parse_options(list(PARTS))
    if options.list_parts:
        print("\n".join(f"{name:12}{part.__doc__}" for name, part in PARTS.items()))
        return
    packaged.build_if_missing()
    try:
        with ProcessGroup() as processes:
            measure(processes, options)
    except HarnessError as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)


def measure(processes: ProcessGroup, options: Options) -> None:
    java_options = shlex.split(options.java)
    postgres = start_postgres(processes, packaged.LIBRARIES)
    postgres.create_wal_files()
    facts = describe_setup(postgres, options, java_options)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
    bench = BenchContext(postgres, Program(processes, postgres, java_options), options)
    command = report.command_line(sys.argv[1:])
    figures: list[Figure] = []
    kept: list[JsonObject] = []
    written: tuple[str, ...] = ()
    for n, part in enumerate(options.parts, 1):
        found = PARTS[part](bench)
        figures += found
        kept += [{"part": part, **figure.json()} for figure in found]
        if not options.no_files:
            # after each part: a run of all of them is long, and may be interrupted
            run = {"command": command, "parts": options.parts[:n], "machine": facts,
                   "figures": kept, "notes": bench.notes}
            written = report.write_results(run, os.cpu_count() or 1, options.add)
    print("\n" + "\n\n".join([report.format_table(figures), *bench.notes]))
    if written:
        print("\nwritten: " + ", ".join(written))


main()
