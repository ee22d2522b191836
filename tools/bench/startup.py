"""Start to the first answered request, and memory at rest, with and without a class archive."""
from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness import program as packaged
from harness.errors import HarnessError
from harness.flags import flag_values
from harness.machine import cpu_name, cpu_seconds
from harness.postgres import Postgres, start_postgres
from harness.process_group import ProcessGroup, free_port

from .service import Program

DATABASE = "start"
IMAGE = os.path.join(packaged.ROOT, "src", "main", "docker", "Dockerfile.jvm")
# what a training run asks for before the class archive is written
TRAINING_PATHS = ("/orders/1", "/orders?limit=2", "/q/health/ready", "/q/health/live",
                  "/q/metrics", "/health", "/migrations/none")
# the first JDK whose AOT cache is written at exit by one option
FIRST_JDK_WITH_AOT_CACHE = 25


class Serving(NamedTuple):
    """A process that has answered its first request."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float
    cpu_seconds: float


class Start(NamedTuple):
    """What one start took, and the memory that the process holds at rest."""

    seconds: float
    cpu_seconds: float
    resident_mib: float


@dataclass(frozen=True)
class StartupBench:
    processes: ProcessGroup
    environment: dict[str, str]
    rest_seconds: int

    def serve(self, command: Sequence[str]) -> Serving:
        """Starts a process and waits for its first response."""
        port = free_port()
        began = time.monotonic()
        with open(os.path.join(self.processes.directory, "start.log"), "ab") as log:
            process = self.processes.start(
                command, cwd=self.processes.directory, stdout=log, stderr=log,
                env={**self.environment, "QUARKUS_HTTP_PORT": str(port)})
        while process.poll() is None and time.monotonic() < began + 120:
            if get_status(port, "/orders/1") in (200, 404):
                return Serving(process, port, time.monotonic() - began, cpu_seconds(process.pid))
            time.sleep(0.002)
        raise HarnessError(f"{command} did not start")

    def write_class_archive(self, java: str, options: Sequence[str], archive: str) -> None:
        """An archive of the classes that a start and a request of each kind load."""
        output = ("AOTCacheOutput" if jdk_version(java) >= FIRST_JDK_WITH_AOT_CACHE
                  else "ArchiveClassesAtExit")
        serving = self.serve([java, *options, f"-XX:{output}={archive}", "-jar", packaged.JAR])
        for path in TRAINING_PATHS:
            get_status(serving.port, path)
        time.sleep(3)
        self.processes.stop(serving.process, seconds=180)
        if not os.path.exists(archive):
            raise HarnessError("no archive was written")

    def measure_start(self, command: Sequence[str]) -> Start:
        serving = self.serve(command)
        time.sleep(self.rest_seconds)
        resident = resident_mib(serving.process.pid)
        self.processes.stop(serving.process)
        return Start(serving.seconds, serving.cpu_seconds, resident)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/bench/start.sh",
        description="Starts the packaged program on a migrated database, in turns: as it is, with "
        "the options of the container image, and with a class archive as well. Prints the time "
        "and the CPU time from the start of the process to its first answered request, and the "
        "memory that it holds at rest.")
    parser.add_argument("--turns", type=int, default=7, help="starts of each kind (7)")
    parser.add_argument("--rest", type=int, default=10, help="seconds until memory is read (10)")
    parser.add_argument("--java-home", action="append", default=[],
                        help="measures with this JDK too; may be repeated")
    parser.add_argument("--options", help="of the JVM, instead of those of the image")
    parser.add_argument("--native", help="measures this native executable too")
    return parser.parse_args()


def image_options() -> list[str]:
    """The image's ENTRYPOINT between java and -jar, without the location of the archive."""
    with open(IMAGE, encoding="utf-8") as file:
        entry = re.search(r"^ENTRYPOINT (\[.*\])", file.read().replace("\\\n", " "), re.MULTILINE)
    if entry is None:
        raise HarnessError(f"{IMAGE} has no ENTRYPOINT in the form of JSON")
    words: list[str] = json.loads(entry.group(1))
    return [word for word in words[1:words.index("-jar")] if "AOTCache" not in word]


def jdk_version(java: str) -> int:
    out = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    found = re.search(r'version "(\d+)', out)
    if found is None:
        raise HarnessError(f"{java} -version names no version: {out}")
    return int(found.group(1))


def get_status(port: int, path: str) -> int | None:
    """The status of a response; None if the port does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError:
        return None
    finally:
        connection.close()


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        found = re.search(r"VmRSS:\s+(\d+)", file.read())
    if found is None:
        raise HarnessError(f"process {pid} has ended")
    return int(found.group(1)) / 1024


def commands_to_compare(bench: StartupBench, options: argparse.Namespace) -> dict[str, list[str]]:
    chosen = shlex.split(options.options) if options.options is not None else image_options()
    found = {}
    for home in ["", *options.java_home]:
        java = os.path.join(home, "bin", "java") if home else "java"
        version = jdk_version(java)
        name = f"JDK {version}"
        archive = os.path.join(bench.processes.directory, f"JDK{version}.archive")
        bench.write_class_archive(java, chosen, archive)
        use = "AOTCache" if version >= FIRST_JDK_WITH_AOT_CACHE else "SharedArchiveFile"
        found[f"{name}, no options"] = [java, "-jar", packaged.JAR]
        found[f"{name}, options of the image"] = [java, *chosen, "-jar", packaged.JAR]
        found[f"{name}, and its class archive"] = [
            java, *chosen, f"-XX:{use}={archive}", "-jar", packaged.JAR]
    if options.native:
        found["native executable"] = [os.path.abspath(options.native)]
    return found


def measure(processes: ProcessGroup, postgres: Postgres, options: argparse.Namespace) -> None:
    postgres.sql("postgres", f"CREATE DATABASE {DATABASE}")
    Program(processes, postgres, []).run_command(DATABASE, "expand")
    environment = packaged.clean_environment(
        DATABASE_URL=postgres.url(DATABASE), OPERATOR_PASSWORD="bench",
        QUARKUS_HTTP_HOST="127.0.0.1", MALLOC_ARENA_MAX="2", **flag_values(0))
    bench = StartupBench(processes, environment, options.rest)
    commands = commands_to_compare(bench, options)
    found: dict[str, list[Start]] = {name: [] for name in commands}
    for _ in range(options.turns):
        for name, command in commands.items():
            found[name].append(bench.measure_start(command))
    print(f"{cpu_name()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, "
          f"{options.turns} turns; medians, in parentheses the lowest and the highest\n")
    print("| | first answer | CPU until then | resident at rest |\n|---|---|---|---|")
    for name, starts in found.items():
        cells = [format_spread(column, words) for column, words in
                 zip(zip(*starts), ("{:.2f} s", "{:.2f} s", "{:.0f} MiB"))]
        print(f"| {name} | " + " | ".join(cells) + " |")


def format_spread(column: Sequence[float], words: str) -> str:
    return (f"{words.format(statistics.median(column))} "
            f"({words.format(min(column))} to {words.format(max(column))})")


def main() -> None:
    options = parse_arguments()
    packaged.build_if_missing()
    try:
        with ProcessGroup() as processes:
            measure(processes, start_postgres(processes, packaged.LIBRARIES), options)
    except HarnessError as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
