"""Start to the first answered request, and memory at rest, with and without a class archive."""
import argparse
import http.client
import json
import os
import re
import shlex
import signal
import statistics
import subprocess
import time

from harness import machine, service
from harness.process_group import Owned, free_port
from harness.postgres import Postgres

DATABASE = "start"
IMAGE = os.path.join(service.ROOT, "src", "main", "docker", "Dockerfile.jvm")
PATHS = ("/orders/1", "/orders?limit=2", "/q/health/ready", "/q/health/live", "/q/metrics",
         "/health", "/migrations/none")


def arguments():
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


def image_options():
    """What the image's ENTRYPOINT says between java and -jar, but for where the archive lies."""
    with open(IMAGE, encoding="utf-8") as file:
        entry = re.search(r"^ENTRYPOINT (\[.*\])", file.read().replace("\\\n", " "), re.MULTILINE)
    words = json.loads(entry.group(1))
    return [word for word in words[1:words.index("-jar")] if "AOTCache" not in word]


def major(java):
    out = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    return int(re.search(r'version "(\d+)', out).group(1))


class Starts:
    def __init__(self, owned, postgres, rest):
        self.owned = owned
        self.postgres = postgres
        self.rest = rest
        self.env = service.environment(
            DATABASE_URL=postgres.url(DATABASE), OPERATOR_PASSWORD="bench",
            QUARKUS_HTTP_HOST="127.0.0.1", MALLOC_ARENA_MAX="2", **service.FLAGS[0])

    def serve(self, command):
        """The process, its port, and seconds and CPU seconds until it had answered."""
        port = free_port()
        began = time.monotonic()
        with open(os.path.join(self.owned.directory, "start.log"), "ab") as log:
            process = self.owned.start(
                command, cwd=self.owned.directory, stdout=log, stderr=log,
                env={**self.env, "QUARKUS_HTTP_PORT": str(port)})
        while process.poll() is None and time.monotonic() < began + 120:
            if answer(port, "/orders/1") in (200, 404):
                return process, port, time.monotonic() - began, cpu_seconds(process.pid)
            time.sleep(0.002)
        raise SystemExit(f"{command} did not start")

    def train(self, java, options, archive):
        """An archive of the classes that a start and a request of each kind load."""
        output = "AOTCacheOutput" if major(java) >= 25 else "ArchiveClassesAtExit"
        command = [java, *options, f"-XX:{output}={archive}", "-jar", service.JAR]
        process, port, _, _ = self.serve(command)
        for path in PATHS:
            answer(port, path)
        time.sleep(3)
        self.owned.stop(process, signal.SIGTERM, 180)
        if not os.path.exists(archive):
            raise SystemExit("no archive was written")

    def turn(self, command):
        process, _, seconds, cpu = self.serve(command)
        time.sleep(self.rest)
        resident = resident_mib(process.pid)
        self.owned.stop(process)
        return seconds, cpu, resident


def answer(port, path):
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


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def variants(starts, options):
    chosen = shlex.split(options.options) if options.options is not None else image_options()
    found = {}
    for home in ["", *options.java_home]:
        java = os.path.join(home, "bin", "java") if home else "java"
        name = f"JDK {major(java)}"
        archive = os.path.join(starts.owned.directory, f"{name.replace(' ', '')}.archive")
        starts.train(java, chosen, archive)
        use = "AOTCache" if major(java) >= 25 else "SharedArchiveFile"
        found[f"{name}, no options"] = [java, "-jar", service.JAR]
        found[f"{name}, options of the image"] = [java, *chosen, "-jar", service.JAR]
        found[f"{name}, and its class archive"] = [
            java, *chosen, f"-XX:{use}={archive}", "-jar", service.JAR]
    if options.native:
        found["native executable"] = [os.path.abspath(options.native)]
    return found


def measure(owned, options):
    postgres = Postgres(owned, os.path.join(service.APPLICATION, "lib", "main"))
    postgres.sql("postgres", f"CREATE DATABASE {DATABASE}")
    service.Program(owned, postgres, []).command(DATABASE, "expand")
    starts = Starts(owned, postgres, options.rest)
    commands = variants(starts, options)
    found = {name: [] for name in commands}
    for _ in range(options.turns):
        for name, command in commands.items():
            found[name].append(starts.turn(command))
    print(f"{machine.cpu()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, "
          f"{options.turns} turns; medians, in parentheses the lowest and the highest\n")
    print("| | first answer | CPU until then | resident at rest |\n|---|---|---|---|")
    for name, turns in found.items():
        cells = [spread(column, words) for column, words in
                 zip(zip(*turns), ("{:.2f} s", "{:.2f} s", "{:.0f} MiB"))]
        print(f"| {name} | " + " | ".join(cells) + " |")


def spread(column, words):
    return (f"{words.format(statistics.median(column))} "
            f"({words.format(min(column))} to {words.format(max(column))})")


def main():
    options = arguments()
    service.build()
    owned = Owned()
    try:
        measure(owned, options)
    finally:
        owned.close()


if __name__ == "__main__":
    main()
