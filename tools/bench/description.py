"""What the figures were measured on, as it stands below them."""
from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Sequence

from harness.machine import cpu_name, memory_gib
from harness.postgres import SETTINGS, Postgres

from .options import Options


def describe_setup(postgres: Postgres, options: Options,
                   java_options: Sequence[str]) -> dict[str, str]:
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "CPU": f"{cpu_name()}, {os.cpu_count()} cores",
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "JDK": java.stderr.splitlines()[1].strip(),
        "JVM options": " ".join(java_options) or "none",
        "PostgreSQL": postgres.version(),
        "PostgreSQL settings, the same for both sides": ", ".join(
            f"{name} = {value}" for name, value in SETTINGS.items()),
        "load": f"{options.turns} turns; {options.rows:,} orders, backfill batches of at most "
                f"{options.batch:,}; {options.connections} database connections on both sides, "
                f"wrk with {options.clients} connections, pgbench -M prepared, "
                f"{options.duration} s a turn after {options.warmup} s of warm-up; all of it on "
                "this machine",
        "commits": "the UPDATE and every order wait for the disk; of a backfill's commits only the "
                   "last one does, for all of them",
        "load average before": f"{os.getloadavg()[0]:.2f}",
    }
