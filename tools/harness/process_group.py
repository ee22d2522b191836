"""Processes and a temporary directory that end together with this program."""
from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from .errors import HarnessError


class ProcessGroup:
    """A context manager: on exit it stops its processes and deletes its directory."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="zerodowntime-tools-")
        self._stop_signals: dict[subprocess.Popen[bytes], signal.Signals] = {}

    def __enter__(self) -> ProcessGroup:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(130))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        # a second signal must not leave a process behind
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in signals}
        try:
            for process in reversed(list(self._stop_signals)):
                self.stop(process)
            shutil.rmtree(self.directory, ignore_errors=True)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def start(self, command: Sequence[str], stop_signal: signal.Signals = signal.SIGTERM,
              **options: Any) -> subprocess.Popen[bytes]:
        """Starts a process in a session of its own, so that Ctrl-C reaches this program only."""
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command, start_new_session=True, **options)
        self._stop_signals[process] = stop_signal
        return process

    def __contains__(self, process: subprocess.Popen[bytes]) -> bool:
        return process in self._stop_signals

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """Waits until a process exits and removes it from the group; gives its exit status."""
        status = process.wait()
        del self._stop_signals[process]
        return status

    def stop(self, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
        """Sends a process its stop signal, kills it after so many seconds, and removes it. Several
        threads may do so with one process."""
        if process.poll() is None:
            process.send_signal(self._stop_signals.get(process, signal.SIGTERM))
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._stop_signals.pop(process, None)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kills a process (SIGKILL) and removes it."""
        process.kill()
        self.wait(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Waits until a process listens on a port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise HarnessError(f"no process listens on port {port}")


def output_of(command: Sequence[str], stdin: str | None = None, cwd: str | None = None,
              env: Mapping[str, str] | None = None) -> str:
    """Runs a command and gives its standard output; a failure is an error."""
    done = subprocess.run(command, input=stdin, cwd=cwd, env=env, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        message = (done.stderr or done.stdout).strip()[-2000:]
        raise HarnessError(f"{os.path.basename(command[0])} failed: {message}")
    return done.stdout
