"""Runs a command with an empty database: -m harness.with_postgres command... ; DATABASE_URL names
it. Exits with the command's status."""
from __future__ import annotations

import os
import subprocess
import sys

from .postgres import start_postgres
from .process_group import ProcessGroup
from .program import LIBRARIES


def main() -> int:
    with ProcessGroup() as processes:
        url = start_postgres(processes, LIBRARIES).url("postgres")
        return subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url},
                              check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
