from __future__ import annotations

import unittest

from bench.report import command_line


class ReportTest(unittest.TestCase):
    def test_the_command_names_no_directory_of_this_machine(self) -> None:
        self.assertEqual(
            command_line(["--add", "--java", "-Xmx1g -Xss1m", "--other", "/tmp/before", "builds"]),
            "tools/bench/run.sh --add --java '-Xmx1g -Xss1m' --other before builds")


if __name__ == "__main__":
    unittest.main()
