"""A PostgreSQL server, started from the binaries that are packaged with the program."""
from __future__ import annotations

import contextlib
import glob
import io
import os
import platform
import shutil
import signal
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import HarnessError
from .machine import cpu_seconds, process_stat
from .process_group import ProcessGroup, free_port, output_of

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "min_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "max_connections": "200",
    # the statements to measure are read from pg_stat_activity
    "track_activity_query_size": "16kB",
}

# process and database before each record of the log, which may have many lines
LOG_PREFIX = "@@%p@@%d@@"

# the indexes are built after the rows: an order of magnitude faster
LOAD_ORDERS = """
SET maintenance_work_mem = '512MB';
SELECT string_agg(indexdef, ';') AS built, string_agg('DROP INDEX ' || indexname, ';') AS dropped
FROM pg_indexes WHERE tablename = 'orders' AND indexname <> 'orders_pkey' \\gset
:dropped;
INSERT INTO orders (user_id, amount, created_at, {columns})
SELECT 1 + n * 7919 % 5000, 1 + (n * 104729 % 99999) / 100.0,
  now() - (({rows} - n) * interval '20 seconds'), {values}
FROM generate_series(1, {rows}::bigint) AS n, LATERAL (
  SELECT (ARRAY['PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'Paid', 'Shipped'])
    [1 + n * 31 % 7] AS legacy) AS l;
:built;
"""

# the log is not copied: the replica reads it from the primary
COPY_CLUSTER = """
SELECT pg_backup_start('replica', true);
\\! mkdir -m 700 {copy}
\\! tar -C {data} --exclude './pg_wal/*' --exclude ./postmaster.pid -c . | tar -C {copy} -x
\\o {copy}/backup_label
SELECT labelfile FROM pg_backup_stop(false);
\\o
"""

# 1 GiB: more than a backfill of a million orders writes
WRITE_WAL = """
SELECT count(pg_logical_emit_message(false, 'wal', repeat('0', 1 << 20)))
FROM generate_series(1, 1024)
"""


@dataclass(frozen=True)
class Postgres:
    """A running server, and what the tools ask of it."""

    process: subprocess.Popen[bytes]
    port: int
    settings: Mapping[str, str]
    log_file: str

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def client_arguments(self, database: str) -> list[str]:
        """The arguments by which psql and pgbench connect."""
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database]

    def sql(self, database: str, statement: str) -> str:
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *self.client_arguments(database)]
        return output_of(command, stdin=statement).strip()

    def version(self) -> str:
        return self.sql("postgres", "SHOW server_version")

    def create_wal_files(self) -> None:
        """Leaves WAL files to reuse, as on a server that has run for a while. A commit into a file
        that does not exist yet waits until 16 MB of zeros are on the disk."""
        self.sql("postgres", WRITE_WAL)
        self.sql("postgres", "CHECKPOINT")

    def load_orders(self, database: str, rows: int, phase: int, filled: bool = False) -> None:
        """Legacy orders in phases 0 and 1, unless filled; in later ones both columns."""
        columns, values = "old_status", "legacy"
        if phase > 1:
            columns, values = "old_status, status", "legacy, lower(legacy)"
        self.sql(database, LOAD_ORDERS.format(rows=rows, columns=columns, values=values))
        if filled:
            # as a backfill leaves it: every row has a dead version
            self.sql(database, "UPDATE orders SET status = lower(old_status)")
        self.vacuum_and_checkpoint(database)

    def statement_millis(self, database: str, statement: str, before: str = "SELECT") -> float:
        """How long a statement takes, in a session of its own."""
        text = self.sql(database, f"{before};\n\\timing on\n{statement};\n")
        return float(text.rsplit("Time: ", 1)[1].split()[0])

    def wal_position(self, database: str) -> int:
        """How many bytes of WAL have been written since the server was created."""
        return int(self.sql(database, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def vacuum_and_checkpoint(self, database: str) -> None:
        """Does the work that one turn leaves behind, so that the next turn does not pay for it."""
        self.sql(database, "VACUUM ANALYZE")
        self.sql(database, "CHECKPOINT")

    def copy_database(self, template: str, database: str) -> None:
        self.drop_database(database)
        self.sql("postgres",
                 f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy")
        self.sql("postgres", "CHECKPOINT")

    def drop_database(self, database: str) -> None:
        self.sql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def session_cpu_seconds(self) -> float:
        """The processor time of all sessions that there have been, after the last one has ended."""
        deadline = time.monotonic() + 10
        while self._count_processes(b"postgres: postgres ") and time.monotonic() < deadline:
            time.sleep(0.02)
        # of children that have ended, user and system
        fields = process_stat(self.process.pid)
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def cpu_seconds(self) -> float:
        """The processor time of every process of the server, ended ones included."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            children = [int(child) for child in file.read().split()]
        seconds = 0.0
        for child in children:
            # one that has ended meanwhile is counted with the ended ones
            with contextlib.suppress(OSError):
                seconds += cpu_seconds(child)
        return seconds + sum(map(int, process_stat(pid)[11:15])) / os.sysconf("SC_CLK_TCK")

    def _count_processes(self, title: bytes) -> int:
        """How many processes of the server have a title that begins so."""
        pid, found = self.process.pid, 0
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            for child in file.read().split():
                try:
                    with open(f"/proc/{child}/cmdline", "rb") as cmdline:
                        text = cmdline.read()
                except OSError:
                    continue
                # a process that has ended and was not waited for yet has no title
                found += not text or text.startswith(title)
        return found


def start_postgres(processes: ProcessGroup, libraries: str, **settings: str) -> Postgres:
    """Creates a cluster in the group's directory and starts its server."""
    binaries = _unpack_binaries(libraries, os.path.join(processes.directory, "pg"))
    data = os.path.join(processes.directory, "data")
    output_of(as_user(f"{binaries}/bin/initdb", "-A", "trust", "-U", "postgres",
                      "-E", "UTF8", "--no-locale", "-D", data))
    port = free_port()
    chosen = {**SETTINGS, **settings}
    every = {**chosen, "port": str(port), "listen_addresses": "127.0.0.1",
             "unix_socket_directories": "", "log_line_prefix": LOG_PREFIX}
    arguments = [word for name, value in every.items() for word in ("-c", f"{name}={value}")]
    log_file = os.path.join(processes.directory, "postgres.log")
    with open(log_file, "wb") as log:
        # SIGINT is the fast shutdown
        process = processes.start(as_user(f"{binaries}/bin/postgres", "-D", data, *arguments),
                                  stop_signal=signal.SIGINT, stdout=log, stderr=log)
    postgres = Postgres(process, port, chosen, log_file)
    _await_server(postgres)
    return postgres


def start_replica(processes: ProcessGroup, primary: Postgres) -> Postgres:
    """Copies the cluster of start_postgres, and starts a server that streams from it."""
    data = os.path.join(processes.directory, "data")
    copy = os.path.join(processes.directory, "replica")
    primary.sql("postgres", COPY_CLUSTER.format(data=data, copy=copy))
    with open(os.path.join(copy, "standby.signal"), "wb"):
        pass
    port = free_port()
    every = {**primary.settings, "port": str(port), "listen_addresses": "127.0.0.1",
             "unix_socket_directories": "", "primary_conninfo":
             f"host=127.0.0.1 port={primary.port} user=postgres application_name=replica"}
    arguments = [word for name, value in every.items() for word in ("-c", f"{name}={value}")]
    log_file = os.path.join(processes.directory, "replica.log")
    with open(log_file, "wb") as log:
        process = processes.start(
            as_user(os.path.join(processes.directory, "pg", "bin", "postgres"), "-D", copy,
                    *arguments),
            stop_signal=signal.SIGINT, stdout=log, stderr=log)
    replica = Postgres(process, port, primary.settings, log_file)
    _await_server(replica)
    return replica


def as_user(*command: str) -> list[str]:
    """PostgreSQL refuses root; in a user namespace without a mapping the user is not root."""
    return [*(["unshare", "-U"] if os.geteuid() == 0 else []), *command]


def _await_server(postgres: Postgres) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and postgres.process.poll() is None:
        try:
            postgres.sql("postgres", "SELECT 1")
            return
        except HarnessError:
            time.sleep(0.2)
    raise HarnessError("PostgreSQL did not start")


def _unpack_binaries(libraries: str, directory: str) -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64v8"}.get(platform.machine(), "none")
    found = glob.glob(f"{libraries}/*embedded-postgres-binaries-linux-{machine}-[0-9]*.jar")
    if not found:
        raise HarnessError(f"no PostgreSQL binaries for {platform.machine()} in {libraries}")
    with zipfile.ZipFile(found[0]) as jar:
        name = next(n for n in jar.namelist() if n.endswith(".txz"))
        with tarfile.open(fileobj=io.BytesIO(jar.read(name)), mode="r:xz") as archive:
            archive.extractall(directory)
    if os.geteuid() == 0 and shutil.which("unshare") is None:
        raise HarnessError("root needs the command unshare (Debian: util-linux)")
    return directory
