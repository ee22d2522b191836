from __future__ import annotations

import unittest

from bench.load_generators import CREATE, UPDATE, pgbench_script


class PgbenchScriptTest(unittest.TestCase):
    def test_parameters_become_variables(self) -> None:
        script = pgbench_script("SELECT $1, $3::bigint", UPDATE, 500)
        self.assertIn("SELECT :phase, :status::bigint;\n", script)
        self.assertTrue(script.startswith("\\set id random(1, 500)\n"), script)

    def test_a_colon_of_a_quoted_format_is_escaped(self) -> None:
        script = pgbench_script("SELECT to_char(now(), 'HH24:MI') || $1", CREATE, 1)
        self.assertIn("U&'HH24\\003AMI'", script)

    def test_constants_are_arguments(self) -> None:
        self.assertEqual(["-D", "phase=2", "-D", "amount=100", "-D", "status=pending"],
                         CREATE.definitions(2))
