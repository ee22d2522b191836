"""The packaged program: built if missing, served, and run as a command."""
import os
import re
import subprocess
import time
import urllib.error
import urllib.request

from .owned import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APPLICATION = os.path.join(ROOT, "target", "quarkus-app")
JAR = os.path.join(APPLICATION, "quarkus-run.jar")
FLAGS = {
    0: {"DUAL_WRITE": "false", "WRITE_TO_NEW": "false", "READ_FROM_NEW": "false"},
    1: {"DUAL_WRITE": "true", "WRITE_TO_NEW": "true", "READ_FROM_NEW": "false"},
}


def build():
    if not os.path.exists(JAR):
        print("building the jar", flush=True)
        subprocess.run(["./mvnw", "-q", "-B", "package", "-DskipTests"], cwd=ROOT, check=True)


def environment(**values):
    """Ours and nothing of the caller's that could change what is measured."""
    kept = ("PATH", "HOME", "LANG", "JAVA_HOME", "TMPDIR")
    return {**{k: os.environ[k] for k in kept if k in os.environ}, **values}


class Program:
    def __init__(self, owned, postgres, java_options):
        self.owned = owned
        self.postgres = postgres
        self.java = ["java"] + java_options + ["-jar", JAR]

    def command(self, database, *words, **settings):
        """Runs a command to its end."""
        process = self.start(database, *words, **settings)
        status = process.wait()
        self.owned.processes.remove(process)
        if status != 0:
            raise SystemExit(f"{words} ended with {status}:\n" + self.log(database))

    def start(self, database, *words, **settings):
        log = open(self.log_file(database), "ab")
        env = environment(DATABASE_URL=self.postgres.url(database), **settings)
        return self.owned.start(self.java + list(words), cwd=self.owned.directory, env=env,
                                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def log_file(self, database):
        return os.path.join(self.owned.directory, f"{database}.log")

    def log(self, database):
        with open(self.log_file(database), encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def serve(self, database, phase):
        return Service(self, database, phase)


class Service:
    """An instance that serves, in its phase and drained."""

    def __init__(self, program, database, phase):
        self.program = program
        self.database = database
        self.port = free_port()
        self.process = program.start(
            database, "serve", QUARKUS_HTTP_PORT=str(self.port),
            QUARKUS_HTTP_HOST="127.0.0.1", **FLAGS[phase])
        self.await_phase(phase)

    def await_phase(self, phase):
        deadline = time.monotonic() + 60
        state = "SELECT phase || ' ' || (drained_at IS NOT NULL) FROM migration_state"
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.serves() and self.program.postgres.sql(self.database, state) == f"{phase} true":
                return
            time.sleep(0.2)
        raise SystemExit(f"phase {phase} was not reached:\n" + self.program.log(self.database))

    def serves(self):
        try:
            return self.call("/health") is not None
        except (urllib.error.URLError, ConnectionError):
            return False

    def call(self, path, body=None, headers=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body,
            headers={"Content-Type": "application/json", **(headers or {})})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def stop(self):
        self.program.owned.stop(self.process)


def heap_after_gc(pid):
    """Used heap in MiB after a full collection; None once the process is gone."""
    for words in (("GC.run",), ("GC.heap_info",)):
        done = subprocess.run(["jcmd", str(pid), *words], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return None
    used = re.search(r"used (\d+)K", done.stdout)
    return int(used.group(1)) / 1024 if used else None
