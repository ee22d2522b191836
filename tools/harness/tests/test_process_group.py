from __future__ import annotations

import os
import signal
import sys
import unittest

from harness.errors import HarnessError
from harness.process_group import ProcessGroup, await_port, free_port, output_of

# exits with 7 on SIGINT, and says when it listens for it
WAIT_FOR_INTERRUPT = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
print("ready", flush=True)
time.sleep(60)
"""


class ProcessGroupTest(unittest.TestCase):
    def test_stops_its_processes_and_deletes_its_directory(self) -> None:
        with ProcessGroup() as processes:
            process = processes.start(["sleep", "60"])
            self.assertTrue(os.path.isdir(processes.directory))
        self.assertEqual(-signal.SIGTERM, process.returncode)
        self.assertFalse(os.path.exists(processes.directory))

    def test_sends_the_signal_that_a_process_wants(self) -> None:
        with ProcessGroup() as processes, open(os.devnull, "wb") as null:
            process = processes.start([sys.executable, "-c", WAIT_FOR_INTERRUPT],
                                      stop_signal=signal.SIGINT, stdout=-1, stderr=null)
            assert process.stdout is not None
            process.stdout.readline()
            processes.stop(process)
            process.stdout.close()
        self.assertEqual(7, process.returncode)

    def test_kills_a_process_that_ignores_its_signal(self) -> None:
        with ProcessGroup() as processes:
            process = processes.start(["sh", "-c", "trap '' TERM; echo; sleep 60 & wait; wait"],
                                      stdout=-1)
            assert process.stdout is not None
            process.stdout.readline()
            processes.stop(process, seconds=0.1)
            process.stdout.close()
        self.assertEqual(-signal.SIGKILL, process.returncode)

    def test_restores_the_handlers_of_signals(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with ProcessGroup():
            pass
        self.assertIs(before, signal.getsignal(signal.SIGINT))

    def test_gives_the_status_of_a_process_that_has_ended(self) -> None:
        with ProcessGroup() as processes:
            process = processes.start(["sh", "-c", "exit 3"])
            self.assertEqual(3, processes.wait(process))


class CommandTest(unittest.TestCase):
    def test_the_message_of_a_command_that_fails(self) -> None:
        with self.assertRaisesRegex(HarnessError, "^sh failed: because$"):
            output_of(["sh", "-c", "echo because >&2; exit 1"])

    def test_a_process_that_ends_listens_on_no_port(self) -> None:
        with ProcessGroup() as processes:
            process = processes.start(["true"])
            with self.assertRaises(HarnessError):
                await_port(free_port(), process)
