"""Instances of the packaged service, each with flags of its own, and commands of the program."""
from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from harness.flags import FlagDirectory
from harness.process_group import ProcessGroup, free_port, output_of
from harness.program import JAR, clean_environment

from .database import Database
from .errors import MigrationIncompleteError

# settings that the rehearsal gives to each instance
RESERVED_SETTINGS = ("DATABASE_URL", "FLAGS_DIR", "OPERATOR_PASSWORD", "QUARKUS_HTTP_HOST",
                     "QUARKUS_HTTP_PORT", "MIGRATIONS_FILE", "CHANGELOG_DIR", "MIGRATION_PRIMARY")
# of an instance that was killed
STARTS = 3
# in a cluster the commands run on another node: here they must take little
COMMAND_JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


@dataclass(frozen=True)
class Instance:
    number: int
    url: str
    flags: FlagDirectory
    log: str
    process: subprocess.Popen[bytes]

    def is_running(self) -> bool:
        return self.process.poll() is None

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/q/health/ready", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def resident_bytes(self) -> int | None:
        """None once the process has ended."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
                line = next((line for line in file if line.startswith("VmRSS:")), None)
        except OSError:
            return None
        return int(line.split()[1]) * 1024 if line else None


@dataclass(frozen=True)
class Fleet:
    instances: list[Instance]

    def base_urls(self) -> str:
        return ",".join(instance.url for instance in self.instances)

    def set_flags(self, phase: int, spread: float) -> None:
        """Changes the flags of one instance after the other."""
        for instance in self.instances:
            if instance is not self.instances[0]:
                time.sleep(spread)
            instance.flags.set_phase(phase)


@dataclass(frozen=True)
class Launcher:
    """Starts commands and instances of the program on one database."""

    processes: ProcessGroup
    database: Database
    settings: Mapping[str, str]
    out: str
    nice: int
    # instances that serve no client run at the priority of commands
    serve_nice: int = 0

    def output_of_command(self, *words: str) -> str:
        """What a command prints; a failure is an error."""
        return output_of([*COMMAND_JAVA, "-jar", JAR, *words], env=self._command_environment())

    def run_command(self, word: str) -> None:
        process = self.start_command(word)
        process.wait()
        self.require_success(process, word)

    def start_command(self, word: str) -> subprocess.Popen[bytes]:
        """Starts a command of the program; its output goes to commands.log."""
        with open(self._command_log(), "ab") as log:
            return self.processes.start(
                [*_priority(self.nice), *COMMAND_JAVA, "-jar", JAR, word],
                cwd=self.processes.directory, env=self._command_environment(),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _command_environment(self) -> dict[str, str]:
        return clean_environment(DATABASE_URL=self.database.url, **self.settings)

    def require_success(self, process: subprocess.Popen[bytes], word: str) -> None:
        """After the end of a command."""
        status = self.processes.wait(process)
        if status != 0:
            raise MigrationIncompleteError(
                f"the command {word} exited with {status}, see {self._command_log()}")

    def start_fleet(self, count: int, password: str) -> Fleet:
        """Starts instances; they become ready when they find the schema."""
        return Fleet([self._start_instance(number, password, FlagDirectory(
            os.path.join(self.processes.directory, f"flags-{number}")))
            for number in range(1, count + 1)])

    def await_ready(self, fleet: Fleet, seconds: float = 90) -> None:
        """Waits until all instances are ready."""
        deadline = time.monotonic() + seconds
        while not all(instance.is_ready() for instance in fleet.instances):
            ended = [instance for instance in fleet.instances if not instance.is_running()]
            if ended or time.monotonic() > deadline:
                log = (ended or fleet.instances)[0].log
                raise MigrationIncompleteError(f"an instance did not become ready, see {log}")
            time.sleep(0.3)

    def kill_and_start(self, fleet: Fleet, number: int, password: str) -> None:
        """Kills an instance (SIGKILL), starts it again with the same flags and waits for it; one
        that exits is started once more, as a supervisor does."""
        place = number - 1
        self.processes.kill(fleet.instances[place].process)
        for attempt in range(1, STARTS + 1):
            instance = self._start_instance(number, password, fleet.instances[place].flags)
            fleet.instances[place] = instance
            try:
                self.await_ready(Fleet([instance]))
                return
            except MigrationIncompleteError:
                if attempt == STARTS or instance.is_running():
                    raise

    def _start_instance(self, number: int, password: str, flags: FlagDirectory) -> Instance:
        port = free_port()
        log_file = os.path.join(self.out, f"instance-{number}.log")
        env = clean_environment(
            DATABASE_URL=self.database.url, FLAGS_DIR=flags.directory,
            OPERATOR_PASSWORD=password, **self.settings,
            QUARKUS_HTTP_HOST="127.0.0.1", QUARKUS_HTTP_PORT=str(port))
        with open(log_file, "ab") as log:
            process = self.processes.start(
                [*_priority(self.serve_nice), "java", "-jar", JAR, "serve"],
                cwd=self.processes.directory, env=env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)
        return Instance(number, f"http://127.0.0.1:{port}", flags, log_file, process)

    def _command_log(self) -> str:
        return os.path.join(self.out, "commands.log")


def _priority(nice: int) -> list[str]:
    return ["nice", "-n", str(nice)] if nice else []
