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

from .owned import free_port, output

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "max_connections": "200",
    # the statements to measure are read from pg_stat_activity
    "track_activity_query_size": "16kB",
}

LOAD = """
INSERT INTO orders (user_id, amount, old_status, created_at)
SELECT 1 + n * 7919 % 5000, 1 + (n * 104729 % 99999) / 100.0,
  (ARRAY['PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'Paid', 'Shipped'])
    [1 + n * 31 % 7],
  now() - (({rows} - n) * interval '20 seconds')
FROM generate_series(1, {rows}::bigint) AS n
"""


class Postgres:
    def __init__(self, owned, libraries):
        self.owned = owned
        self.port = free_port()
        binaries = unpack(libraries, os.path.join(owned.directory, "pg"))
        data = os.path.join(owned.directory, "data")
        # PostgreSQL refuses root; a user namespace without a mapping is nobody's
        self.wrap = ["unshare", "-U"] if os.geteuid() == 0 else []
        output(self.wrap + [f"{binaries}/bin/initdb", "-A", "trust", "-U", "postgres",
                            "-E", "UTF8", "--no-locale", "-D", data])
        settings = {**SETTINGS, "port": str(self.port), "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": ""}
        flags = [word for item in settings.items() for word in ("-c", "=".join(item))]
        with open(os.path.join(owned.directory, "postgres.log"), "wb") as log:
            self.process = owned.start(
                self.wrap + [f"{binaries}/bin/postgres", "-D", data] + flags,
                stdout=log, stderr=log)
        self.process.end = signal.SIGINT
        self.await_ready()

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

    def load(self, database, rows):
        self.sql(database, LOAD.format(rows=rows))
        self.settle(database)

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
