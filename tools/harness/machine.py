"""What the figures were measured on."""
import os
import platform
import subprocess
import time

from .postgres import SETTINGS


def describe(postgres, options, java_options):
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "CPU": f"{cpu()}, {os.cpu_count()} cores",
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


def cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
