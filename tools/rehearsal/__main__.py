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
from .own_preparation import prepare_own_table, read_traffic
from .own_scenario import OwnScenario
from .preparation import Target, prepare_orders, report_progress
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
    require_inputs(options)
    build_if_missing()
    os.makedirs(options.out, exist_ok=True)
    with ProcessGroup() as processes:
        prepare = prepare_own_table if options.own else prepare_orders
        target = prepare(processes, options)
        # it writes beside the embedded database's files
        probe = None if options.database_url else DiskProbe(processes.directory)
        session = Session(processes, target.database)
        sampler = Sampler(Session(processes, target.database), target.fleet, target.api)
        warm_up = send_warm_up(target.generator, options)
        return measure(options, target, session, sampler, probe, warm_up)


def require_inputs(options: Options) -> None:
    """Refuses what is missing before anything is built or started."""
    if options.own:
        files = [options.own.migrations, options.own.traffic, options.own.dump]
        read_traffic(options.own.traffic)
    elif find_k6() is None:
        raise UsageError(INSTALL_K6)
    else:
        files = [options.script]
    for path in filter(None, files):
        if not os.path.exists(path):
            raise UsageError(f"{path} is missing")


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
        raise MigrationIncompleteError(f"the warm-up failed, see {traffic.log}")
    server.close()
    return WarmUp(traffic.samples, seconds)


def await_end(traffic: Traffic, seconds: float) -> None:
    """Waits until k6 has ended, at most for so long."""
    deadline = time.monotonic() + seconds
    while traffic.is_running() and time.monotonic() < deadline:
        time.sleep(0.2)


def measure(options: Options, target: Target, session: Session, sampler: Sampler,
            probe: DiskProbe | None, warm_up: WarmUp) -> int:
    """Performs the migration under traffic, writes the report and gives the exit status."""
    server = StageServer("warm-up")
    traffic = target.generator.start(server, "traffic", options.rate)
    # they cost a little, in the baseline as in every other stage
    tasks = [sampler, *([probe] if probe else [])]
    for task in tasks:
        task.start()
    traffic.await_first_requests()
    timeline = Timeline(session, server, "baseline", target.subject.table)
    durations = Durations(options.seconds, options.spread, options.patience, target.rows)
    scenario = create_scenario(target, durations, traffic, timeline, session)
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
    if target.own:
        ledger = target.own.check.ledger
        traffic.samples.counters.update(ledger_checked=ledger.checked,
                                        ledger_differences=len(ledger.differences))
    history = []
    with contextlib.suppress(MigrationIncompleteError):
        history = target.api.history()
    report = build_report(
        Recording(target.facts, options.judge, warm_up, traffic.samples, timeline, sampler.points,
                  len(target.fleet.instances), probe, history, ledger_complete,
                  target.own.check.ledger.differences if target.own else {}), reason)
    paths = write_report(report, options.out)
    print("\n" + report["verdict"]["sentence"] + "\n" + "\n".join(map(os.path.relpath, paths)),
          flush=True)
    if reason:
        return 130 if reason == INTERRUPTED else 3
    return 0 if report["verdict"]["zeroDowntime"] else 1


def create_scenario(target: Target, durations: Durations, traffic: Traffic, timeline: Timeline,
                    session: Session) -> Scenario:
    parts = (durations, target.launcher, target.fleet, target.api, traffic, timeline, session,
             DatabaseClock.compare(session), target.subject.migration)
    return OwnScenario(*parts, own=target.own) if target.own else Scenario(*parts)


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
