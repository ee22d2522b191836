"""Processes and directories that end with this program, and nothing else does."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


class Owned:
    def __init__(self):
        self.processes = []
        self.directory = tempfile.mkdtemp(prefix="zerodowntime-bench-")
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(130))

    def start(self, command, **options):
        """A process of its own session: Ctrl-C reaches it through close() only."""
        process = subprocess.Popen(command, start_new_session=True, **options)
        self.processes.append(process)
        return process

    def stop(self, process, number=signal.SIGTERM, seconds=30):
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.remove(process)

    def close(self):
        for process in reversed(list(self.processes)):
            # PostgreSQL's fast shutdown is SIGINT
            self.stop(process, getattr(process, "end", signal.SIGTERM))
        shutil.rmtree(self.directory, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port, process, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def output(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-2000:]
        raise SystemExit(f"{os.path.basename(command[0])} failed: {words}")
    return done.stdout
