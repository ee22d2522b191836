"""The packaged program: built if missing, served, and run as a command."""
import base64
import os
import re
import subprocess
import time
import urllib.error
import urllib.request

from .process_group import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APPLICATION = os.path.join(ROOT, "target", "quarkus-app")
JAR = os.path.join(APPLICATION, "quarkus-run.jar")
FLAGS = {
    0: {"DUAL_WRITE": "false", "WRITE_TO_NEW": "false", "READ_FROM_NEW": "false"},
    1: {"DUAL_WRITE": "true", "WRITE_TO_NEW": "true", "READ_FROM_NEW": "false"},
    2: {"DUAL_WRITE": "true", "WRITE_TO_NEW": "true", "READ_FROM_NEW": "true"},
    3: {"DUAL_WRITE": "false", "WRITE_TO_NEW": "true", "READ_FROM_NEW": "true"},
}
PASSWORD = "bench"


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

    def serve(self, database, phase, **settings):
        return Service(self, database, phase, settings)


class Service:
    """An instance that serves, in its phase and drained."""

    def __init__(self, program, database, phase, settings):
        self.program = program
        self.database = database
        self.port = free_port()
        self.flags = os.path.join(program.owned.directory, f"flags_{self.port}")
        os.mkdir(self.flags)
        self.ask(phase)
        self.process = program.start(database, "serve", **{
            "QUARKUS_HTTP_PORT": str(self.port), "QUARKUS_HTTP_HOST": "127.0.0.1",
            "FLAGS_DIR": self.flags, "OPERATOR_PASSWORD": PASSWORD, "MIGRATION_SOAK": "0s",
            "MIGRATION_AUTO_EXPAND": "true", **settings})
        self.await_phase(phase)

    def ask(self, phase):
        """All three flags at once, as the kubelet swaps them: by one rename of a link."""
        version = os.path.join(self.flags, f"..{time.monotonic_ns()}")
        os.mkdir(version)
        for name, value in FLAGS[phase].items():
            with open(os.path.join(version, name), "w", encoding="utf-8") as file:
                file.write(value)
            link = os.path.join(self.flags, name)
            if not os.path.islink(link):
                os.symlink(os.path.join("..data", name), link)
        os.symlink(os.path.basename(version), version + "_link")
        os.rename(version + "_link", os.path.join(self.flags, "..data"))

    def climb(self, phase):
        """To a later phase by the road, with its backfill."""
        self.call("/migrations/orders-status/backfill", b'{"targetLoad":1}', operator=True)
        for each in range(2, phase + 1):
            self.ask(each)
            self.await_phase(each)

    def needs_backfill(self, phase):
        """Whether the step to that phase asks for a backfill, forward or in reverse."""
        stale = self.program.postgres.sql(self.database, "SELECT old_stale FROM migration_state")
        return (phase, stale) == (1, "t") or (phase == 2 and self.phase() == "1 true")

    def phase(self):
        return self.program.postgres.sql(
            self.database, "SELECT phase || ' ' || (drained_at IS NOT NULL) FROM migration_state")

    def await_phase(self, phase, after=0):
        """Looks for it `after` seconds: looking is work too, which a measurement may not want."""
        time.sleep(after)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.serves() and self.phase() == f"{phase} true":
                return
            time.sleep(0.2)
        raise SystemExit(f"phase {phase} was not reached:\n" + self.program.log(self.database))

    def serves(self):
        try:
            return self.call("/health") is not None
        except (urllib.error.URLError, ConnectionError):
            return False

    def call(self, path, body=None, operator=False, method=None, **headers):
        if operator:
            word = base64.b64encode(f"operator:{PASSWORD}".encode()).decode()
            headers["Authorization"] = "Basic " + word
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body, method=method,
            headers={"Content-Type": "application/json",
                     **{name.replace("_", "-"): value for name, value in headers.items()}})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def stop(self):
        """It is told to stop, and waited for."""
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
