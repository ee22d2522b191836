"""The three flags of a migration, in files, as the kubelet mounts a ConfigMap."""
from __future__ import annotations

import os
import shutil

FLAG_NAMES = ("DUAL_WRITE", "WRITE_TO_NEW", "READ_FROM_NEW")
FLAGS_OF_PHASE = {0: (False, False, False), 1: (True, True, False), 2: (True, True, True),
                  3: (False, True, True)}


def flag_values(phase: int) -> dict[str, str]:
    """The flags that request a phase, as text."""
    return {name: str(value).lower() for name, value in zip(FLAG_NAMES, FLAGS_OF_PHASE[phase])}


class FlagDirectory:
    """Each phase is a new version of the directory; one rename replaces all three flags."""

    def __init__(self, directory: str, phase: int = 0) -> None:
        self.directory = directory
        self._version = 0
        os.makedirs(directory)
        self.set_phase(phase)
        for name in FLAG_NAMES:
            os.symlink(f"..data/{name}", os.path.join(directory, name))

    def set_phase(self, phase: int) -> None:
        data = os.path.join(self.directory, "..data")
        before = os.path.realpath(data)
        self._version += 1
        version = f"..v{self._version}"
        os.makedirs(os.path.join(self.directory, version))
        for name, value in flag_values(phase).items():
            with open(os.path.join(self.directory, version, name), "w", encoding="utf-8") as file:
                file.write(value)
        os.symlink(version, data + "_tmp")
        os.rename(data + "_tmp", data)
        if self._version > 1:
            shutil.rmtree(before)
