"""The rehearsal from start to end."""
from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from harness.errors import HarnessError
from harness.process_group import ProcessGroup
from harness.program import build_if_missing

from .database import Session
from .disk_probe import DiskProbe
from .errors import MigrationIncompleteError, UsageError
from .options import INSTALL_K6, Options, find_k6, parse_options
from .preparation import Target, open_given_database, prepare_target, report_progress
from .report import Recording, WarmUp, build_report, write_report
from .sampler import Sampler
from .scenario import Durations, Scenario
from .stage_server import StageServer
from .steps import DatabaseClock
from .timeline import Timeline
from .traffic import Traffic, TrafficGenerator

# more requests than are measured, so that the JVMs have compiled
WARM_UP_FACTOR = 5
INTERRUPTED = "interrupted"


def main() -> None:
    options = parse_options()
    # a script's background job starts with SIGINT ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(rehearse(options))
    except UsageError as failure:
        print(failure, file=sys.stderr)
        sys.exit(2)
    except MigrationIncompleteError as failure:
        print(f"The migration was not begun: {failure}", file=sys.stderr)
        sys.exit(3)
    except HarnessError as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)


def rehearse(options: Options) -> int:
    """Gives the exit status."""
    k6 = find_k6()
    if k6 is None:
        raise UsageError(INSTALL_K6)
    if not os.path.exists(options.script):
        raise UsageError(f"{options.script} is missing")
    given = None
    if options.database_url:
        given = open_given_database(options.database_url, options.yes)
    build_if_missing()
    os.makedirs(options.out, exist_ok=True)
    with ProcessGroup() as processes:
        target = prepare_target(processes, options, given)
        generator = TrafficGenerator(processes, k6, options.script, target.fleet.base_urls(),
                                     options.users, options.out)
        # it writes beside the embedded database's files
        probe = None if given else DiskProbe(processes.directory)
        session = Session(processes, target.database)
        sampler = Sampler(Session(processes, target.database), target.fleet, target.api)
        warm_up = send_warm_up(generator, options)
        return measure(options, target, generator, session, sampler, probe, warm_up)


def send_warm_up(generator: TrafficGenerator, options: Options) -> WarmUp:
    """Traffic of its own, until the users have read their ledgers back."""
    report_progress(f"warms up for {options.warm_up} s")
    server = StageServer("warm-up")
    began = time.monotonic()
    traffic = generator.start(server, "warm-up", options.rate * WARM_UP_FACTOR)
    await_end(traffic, options.warm_up)
    server.done = True
    await_end(traffic, options.patience)
    seconds = time.monotonic() - began
    if traffic.is_running() or not traffic.finish():
        raise MigrationIncompleteError(f"k6 failed in the warm-up, see {traffic.log}")
    server.close()
    return WarmUp(traffic.samples, seconds)


def await_end(traffic: Traffic, seconds: float) -> None:
    """Waits until k6 has ended, at most for so long."""
    deadline = time.monotonic() + seconds
    while traffic.is_running() and time.monotonic() < deadline:
        time.sleep(0.2)


def measure(options: Options, target: Target, generator: TrafficGenerator, session: Session,
            sampler: Sampler, probe: DiskProbe | None, warm_up: WarmUp) -> int:
    """Performs the migration under traffic, writes the report and gives the exit status."""
    server = StageServer("warm-up")
    traffic = generator.start(server, "traffic", options.rate)
    # they cost a little, in the baseline as in every other stage
    tasks = [sampler, *([probe] if probe else [])]
    for task in tasks:
        task.start()
    traffic.await_first_requests()
    timeline = Timeline(session, server, first_stage="baseline")
    durations = Durations(options.seconds, options.spread, options.patience, target.rows)
    scenario = Scenario(durations, target.launcher, target.fleet, target.api, traffic, timeline,
                        session, DatabaseClock.compare(session))
    reason = perform(scenario)
    # what can no longer be recorded is missing in the report
    with contextlib.suppress(MigrationIncompleteError):
        timeline.end_stage(time.time())
    for task in tasks:
        task.stop()
    if traffic.is_running():
        traffic.stop()
        ledger_complete = False
    else:
        ledger_complete = traffic.finish()
    history = []
    with contextlib.suppress(MigrationIncompleteError):
        history = target.api.history()
    report = build_report(
        Recording(target.facts, options.judge, warm_up, traffic.samples, timeline, sampler.points,
                  len(target.fleet.instances), probe, history, ledger_complete), reason)
    paths = write_report(report, options.out)
    print("\n" + report["verdict"]["sentence"] + "\n" + "\n".join(map(os.path.relpath, paths)),
          flush=True)
    if reason:
        return 130 if reason == INTERRUPTED else 3
    return 0 if report["verdict"]["zeroDowntime"] else 1


def perform(scenario: Scenario) -> str | None:
    """Gives the reason why the migration was not completed."""
    try:
        scenario.run()
    except MigrationIncompleteError as failure:
        return str(failure)
    except (KeyboardInterrupt, SystemExit):
        return INTERRUPTED
    return None


main()
