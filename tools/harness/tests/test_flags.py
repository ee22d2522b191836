from __future__ import annotations

import os
import tempfile
import unittest

from harness.flags import FLAG_NAMES, FlagDirectory


class FlagDirectoryTest(unittest.TestCase):
    def test_all_files_come_from_one_version(self) -> None:
        with tempfile.TemporaryDirectory() as parent:
            directory = os.path.join(parent, "flags")
            flags = FlagDirectory(directory)
            self.assertEqual(["false", "false", "false"], self.read(directory))
            flags.set_phase(2)
            self.assertEqual(["true", "true", "true"], self.read(directory))
            flags.set_phase(3)
            self.assertEqual(["false", "true", "true"], self.read(directory))
            self.assertTrue(os.path.islink(os.path.join(directory, "..data")))
            self.assertEqual({"..data", "..v3", *FLAG_NAMES}, set(os.listdir(directory)))

    @staticmethod
    def read(directory: str) -> list[str]:
        found = []
        for name in FLAG_NAMES:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                found.append(file.read())
        return found
