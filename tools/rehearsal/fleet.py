"""Instances of the packaged service, each with flags of its own."""
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from harness import service
from harness.process_group import free_port

from .errors import Incomplete

# settings that an instance needs to be one of the fleet
OWN = ("DATABASE_URL", "FLAGS_DIR", "OPERATOR_PASSWORD", "QUARKUS_HTTP_HOST", "QUARKUS_HTTP_PORT")
NAMES = ("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW")
PHASES = {0: (False, False, False), 1: (True, True, False), 2: (True, True, True),
          3: (False, True, True)}
# in a cluster the commands run on another node: here they shall take little
COMMAND = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


class Flags:
    """A directory as the kubelet mounts a ConfigMap: a new version comes by one rename."""

    def __init__(self, directory):
        self.directory = directory
        self.version = 0
        os.makedirs(directory)
        self.set(0)
        for name in NAMES:
            os.symlink(f"..data/{name}", os.path.join(directory, name))

    def set(self, phase):
        data = os.path.join(self.directory, "..data")
        before = os.path.realpath(data)
        self.version += 1
        version = f"..v{self.version}"
        os.makedirs(os.path.join(self.directory, version))
        for name, value in zip(NAMES, PHASES[phase]):
            path = os.path.join(self.directory, version, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(str(value).lower())
        os.symlink(version, data + "_tmp")
        os.rename(data + "_tmp", data)
        if self.version > 1:
            shutil.rmtree(before)


class Instance:
    def __init__(self, owned, number, database, password, settings, out):
        self.number = number
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.flags = Flags(os.path.join(owned.directory, f"flags-{number}"))
        self.log = os.path.join(out, f"instance-{number}.log")
        env = service.environment(
            DATABASE_URL=database.url, FLAGS_DIR=self.flags.directory,
            OPERATOR_PASSWORD=password, **settings,
            QUARKUS_HTTP_HOST="127.0.0.1", QUARKUS_HTTP_PORT=str(self.port))
        with open(self.log, "wb") as log:
            self.process = owned.start(
                ["java", "-jar", service.JAR, "serve"], cwd=owned.directory, env=env, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)

    def alive(self):
        return self.process.poll() is None

    def ready(self):
        try:
            with urllib.request.urlopen(self.url + "/q/health/ready", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def memory(self):
        """Resident bytes; None once it is gone."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
                line = next((line for line in file if line.startswith("VmRSS:")), None)
        except OSError:
            return None
        return int(line.split()[1]) * 1024 if line else None


class Fleet:
    def __init__(self, owned, database, password, settings, out, nice):
        self.make = lambda number: Instance(owned, number, database, password, settings, out)
        self.owned, self.database, self.settings, self.out = owned, database, settings, out
        self.give_way = ["nice", "-n", str(nice)] if nice else []
        self.instances = []

    def serve(self, count, seconds=90):
        self.instances = [self.make(number) for number in range(1, count + 1)]
        deadline = time.monotonic() + seconds
        while not all(instance.ready() for instance in self.instances):
            ended = [i for i in self.instances if not i.alive()]
            if ended or time.monotonic() > deadline:
                log = (ended or self.instances)[0].log
                raise Incomplete(f"an instance did not become ready, see {log}")
            time.sleep(0.3)

    def flip(self, phase, spread):
        """The flags reach the instances one by one."""
        for number, instance in enumerate(self.instances):
            if number:
                time.sleep(spread)
            instance.flags.set(phase)

    def command(self, word):
        """Starts a command of the program; its words go to commands.log."""
        log = os.path.join(self.out, "commands.log")
        with open(log, "ab") as file:
            return self.owned.start(
                [*self.give_way, *COMMAND, "-jar", service.JAR, word], cwd=self.owned.directory,
                env=service.environment(DATABASE_URL=self.database.url, **self.settings),
                stdout=file, stderr=file, stdin=subprocess.DEVNULL)

    def finish(self, process, word):
        """After its end: takes it off the list."""
        self.owned.processes.remove(process)
        if process.returncode != 0:
            raise Incomplete(f"the command {word} ended with {process.returncode}, "
                             f"see {os.path.join(self.out, 'commands.log')}")

    def run(self, word):
        process = self.command(word)
        process.wait()
        self.finish(process, word)
