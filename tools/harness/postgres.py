"""A PostgreSQL server of our own, from the binaries that the jar brings along."""
import glob
import io
import os
import platform
import shutil
import signal
import tarfile
import time
import zipfile

from .process_group import free_port, output

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

# the part cost reads statements from the log, each record from its beginning
LOG_PREFIX = "@@%p@@%d@@"

# the indexes come after the rows: an order of magnitude faster
LOAD = """
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

# 1 GiB: more than a backfill of a million orders writes
AGE = """
SELECT count(pg_logical_emit_message(false, 'age', repeat('0', 1 << 20)))
FROM generate_series(1, 1024)
"""

COMPLETE_RUN = """
SELECT state, scanned, extract(epoch FROM finished_at - started_at),
  (SELECT count(*) FROM orders WHERE status IS DISTINCT FROM lower(old_status))
FROM backfill_run WHERE kind = '{kind}' ORDER BY id DESC LIMIT 1
"""


class Postgres:
    def __init__(self, owned, libraries, **settings):
        self.owned = owned
        self.settings = {**SETTINGS, **settings}
        self.port = free_port()
        binaries = unpack(libraries, os.path.join(owned.directory, "pg"))
        data = os.path.join(owned.directory, "data")
        # PostgreSQL refuses root; a user namespace without a mapping is nobody's
        self.wrap = ["unshare", "-U"] if os.geteuid() == 0 else []
        output(self.wrap + [f"{binaries}/bin/initdb", "-A", "trust", "-U", "postgres",
                            "-E", "UTF8", "--no-locale", "-D", data])
        settings = {**self.settings, "port": str(self.port), "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": "", "log_line_prefix": LOG_PREFIX}
        flags = [word for item in settings.items() for word in ("-c", "=".join(item))]
        self.log_file = os.path.join(owned.directory, "postgres.log")
        with open(self.log_file, "wb") as log:
            self.process = owned.start(
                self.wrap + [f"{binaries}/bin/postgres", "-D", data] + flags,
                stdout=log, stderr=log)
        self.process.end = signal.SIGINT
        self.await_ready()

    def age(self):
        """Leaves WAL files to use again, as on a server that has run for a while: who commits into
        a file that does not exist yet waits until 16 MB of zeros are on the disk."""
        self.sql("postgres", AGE)
        self.sql("postgres", "CHECKPOINT")

    def await_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.sql("postgres", "SELECT 1")
                return
            except SystemExit:
                time.sleep(0.2)
        raise SystemExit("PostgreSQL did not start")

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def client(self, database):
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database]

    def sql(self, database, statement):
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"] + self.client(database)
        return output(command, input=statement).strip()

    def version(self):
        return self.sql("postgres", "SHOW server_version")

    def load(self, database, rows, phase, filled):
        """Legacy orders in phases 0 and 1, unless filled; in later ones both columns."""
        columns, values = "old_status", "legacy"
        if phase > 1:
            columns, values = "old_status, status", "legacy, lower(legacy)"
        self.sql(database, LOAD.format(rows=rows, columns=columns, values=values))
        if filled:
            # as a backfill leaves it: every row has a dead version
            self.sql(database, "UPDATE orders SET status = lower(old_status)")
        self.settle(database)

    def millis(self, database, statement, before="SELECT"):
        """How long a statement takes in a session of its own."""
        text = self.sql(database, f"{before};\n\\timing on\n{statement};\n")
        return float(text.rsplit("Time: ", 1)[1].split()[0])

    def lsn(self, database):
        """How many bytes of WAL there have been."""
        return int(self.sql(database, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def settle(self, database):
        """What one turn leaves behind shall not be the next one's work."""
        self.sql(database, "VACUUM ANALYZE")
        self.sql(database, "CHECKPOINT")

    def copy(self, template, database):
        self.drop(database)
        self.sql("postgres",
                 f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy")
        self.sql("postgres", "CHECKPOINT")

    def drop(self, database):
        self.sql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def cpu_seconds(self):
        """The processor time of every session that there has been, after the last one has ended."""
        deadline = time.monotonic() + 10
        while self.children(b"postgres: postgres ") and time.monotonic() < deadline:
            time.sleep(0.02)
        fields = stat(self.process.pid)
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def children(self, title):
        """How many of the server's processes have such a title, sessions of that user for one."""
        pid, found = self.process.pid, 0
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            for child in file.read().split():
                try:
                    with open(f"/proc/{child}/cmdline", "rb") as words:
                        text = words.read()
                        # one that has ended and not been waited for yet has no title
                        found += not text or text.startswith(title)
                except OSError:
                    pass
        return found


def stat(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()


def unpack(libraries, directory):
    machine = {"x86_64": "amd64", "aarch64": "arm64v8"}.get(platform.machine(), "none")
    found = glob.glob(f"{libraries}/*embedded-postgres-binaries-linux-{machine}-[0-9]*.jar")
    if not found:
        raise SystemExit(f"no PostgreSQL binaries for {platform.machine()} in {libraries}")
    with zipfile.ZipFile(found[0]) as jar:
        name = next(n for n in jar.namelist() if n.endswith(".txz"))
        with tarfile.open(fileobj=io.BytesIO(jar.read(name)), mode="r:xz") as archive:
            archive.extractall(directory)
    if os.geteuid() == 0 and shutil.which("unshare") is None:
        raise SystemExit("root needs the command unshare (Debian: util-linux)")
    return directory
