from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from unittest import mock

from bench import statement_log
from bench.statement_log import StatementLog
from harness.postgres import Postgres

RECORDS = """@@1@@shop@@LOG:  execute <unnamed>: SELECT $1,
\t$2
@@1@@shop@@DETAIL:  parameters: $1 = 'it''s', $2 = NULL
@@2@@other@@LOG:  statement: SELECT 'of another database'
@@1@@shop@@LOG:  statement: SELECT 2;
"""


class StatementLogTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "postgres.log")
        self.append("@@1@@shop@@LOG:  statement: SELECT 'before'\n")
        process = mock.create_autospec(subprocess.Popen, instance=True)
        self.log = StatementLog(Postgres(process, 5432, {}, self.path), "shop")
        delay = mock.patch.object(statement_log, "WRITE_DELAY_SECONDS", 0)
        delay.start()
        self.addCleanup(delay.stop)
        self.log.skip()

    def append(self, text: str) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(text)

    def test_reads_statements_of_its_database_with_their_parameters(self) -> None:
        self.append(RECORDS)
        self.assertEqual([("SELECT $1,\n$2", ["'it''s'", "NULL"]), ("SELECT 2", [])],
                         self.log.read())

    def test_reads_each_statement_once(self) -> None:
        self.append(RECORDS)
        self.log.read()
        self.assertEqual([], self.log.read())

    def test_leaves_out_what_is_ignored(self) -> None:
        self.append(RECORDS)
        self.assertEqual(["SELECT $1,\n$2"], [text for text, _ in self.log.read({"SELECT 2"})])
