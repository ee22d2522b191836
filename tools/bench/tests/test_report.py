from __future__ import annotations

import unittest

from bench.report import command_line, without_measured


class ReportTest(unittest.TestCase):
    def test_the_command_names_no_directory_of_this_machine(self) -> None:
        self.assertEqual(
            command_line(["--add", "--java", "-Xmx1g -Xss1m", "--other", "/tmp/before", "builds"]),
            "tools/bench/run.sh --add --java '-Xmx1g -Xss1m' --other before builds")

    def test_of_a_run_of_several_parts_only_what_is_measured_again_goes(self) -> None:
        def figure(part: str | None, what: str) -> dict[str, str]:
            return {"what": what, **({"part": part} if part else {})}

        before = [{"parts": ["a", "b"], "figures": [figure("a", "x"), figure("b", "y at 3/s")]},
                  {"parts": ["b"], "figures": [figure("b", "y at 3/s")]},
                  {"parts": ["c", "b"], "figures": [figure(None, "z"), figure(None, "y at 4/s")]}]
        run = {"parts": ["b"], "figures": [figure("b", "y at 4/s")]}

        self.assertEqual(without_measured(before, run), [
            {"parts": ["a"], "figures": [figure("a", "x")]},
            {"parts": ["c"], "figures": [figure(None, "z")]}])


if __name__ == "__main__":
    unittest.main()
