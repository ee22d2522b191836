"""The packaged program: where it is, how it is built, the environment that it is started with."""
from __future__ import annotations

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APPLICATION = os.path.join(ROOT, "target", "quarkus-app")
JAR = os.path.join(APPLICATION, "quarkus-run.jar")
LIBRARIES = os.path.join(APPLICATION, "lib", "main")
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "JAVA_HOME", "TMPDIR")


def build_if_missing() -> None:
    if not os.path.exists(JAR):
        print("building the jar", flush=True)
        subprocess.run(["./mvnw", "-q", "-B", "package", "-DskipTests"], cwd=ROOT, check=True)


def clean_environment(**values: str) -> dict[str, str]:
    """These variables, and none of the caller's that could change what is measured."""
    return {**{name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}, **values}
