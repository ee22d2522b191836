from __future__ import annotations

import argparse
import contextlib
import io
import json
import unittest
import urllib.parse
import urllib.request

from harness.json_object import JsonObject
from rehearsal.database import Database, psql_environment
from rehearsal.errors import UsageError
from rehearsal.fleet import RESERVED_SETTINGS
from rehearsal.options import parse_options, parse_setting
from rehearsal.stage_server import StageServer
from rehearsal.steps import Step


class StageServerTest(unittest.TestCase):
    def test_says_stage_and_end(self) -> None:
        server = StageServer("baseline")
        try:
            self.assertEqual({"stage": "baseline", "done": False}, self.read(server))
            server.stage, server.done = "after", True
            self.assertEqual({"stage": "after", "done": True}, self.read(server))
        finally:
            server.close()

    @staticmethod
    def read(server: StageServer) -> object:
        with urllib.request.urlopen(server.url, timeout=5) as answer:
            return json.load(answer)


class DatabaseTest(unittest.TestCase):
    def test_the_url_for_psql(self) -> None:
        url = "postgresql://me%40x:p%2Fw@db.example:6000/shop?sslmode=require&options=-c%20a%3Db"
        self.assertEqual(
            {"PGHOST": "db.example", "PGPORT": "6000", "PGUSER": "me@x", "PGPASSWORD": "p/w",
             "PGDATABASE": "shop", "PGSSLMODE": "require", "PGOPTIONS": "-c a=b"},
            psql_environment(urllib.parse.urlsplit(url)))

    def test_the_database_is_the_users_where_none_is_named(self) -> None:
        found = psql_environment(urllib.parse.urlsplit("postgresql://me@db"))
        self.assertEqual(("me", "5432"), (found["PGDATABASE"], found["PGPORT"]))
        self.assertNotIn("PGPASSWORD", found)

    def test_no_secret_is_shown(self) -> None:
        self.assertEqual("db:5432/x", Database("postgresql://u:secret@db/x").shown)

    def test_another_scheme_is_refused(self) -> None:
        with self.assertRaises(UsageError):
            Database("mysql://u@db/x")


class OptionsTest(unittest.TestCase):
    def test_a_setting_of_the_service(self) -> None:
        self.assertEqual(("A", "b=c"), parse_setting("A=b=c"))

    def test_refuses_what_is_no_setting_or_reserved(self) -> None:
        for text in ("A", "=b", *(f"{name}=x" for name in RESERVED_SETTINGS)):
            with self.assertRaises(argparse.ArgumentTypeError, msg=text):
                parse_setting(text)


class OwnOptionsTest(unittest.TestCase):
    OWN = ("--migrations", "m.yaml", "--traffic", "t.http")

    def test_a_table_of_the_teams_own(self) -> None:
        options = parse_options([*self.OWN, "--dump", "d.sql", "--service", "node server.js",
                                 "--without-drop"])
        assert options.own is not None
        self.assertTrue(options.own.migrations.endswith("/m.yaml"))
        self.assertEqual("node server.js", options.own.service)
        self.assertFalse(options.own.drops)
        self.assertIsNone(parse_options([]).own)

    def test_says_what_is_missing(self) -> None:
        for words, text in (
                (["--dump", "d.sql"], "--dump needs --migrations and --traffic"),
                (self.OWN, "--traffic needs --dump or --database-url"),
                ([*self.OWN, "--dump", "d", "--database-url", "postgresql://a/b"],
                 "--traffic needs --dump or --database-url"),
                ([*self.OWN, "--dump", "d", "--base-url", "http://a"],
                 "--base-url is of a service"),
        ):
            error = io.StringIO()
            with contextlib.redirect_stderr(error), self.assertRaises(SystemExit) as ended:
                parse_options(words)
            self.assertEqual(2, ended.exception.code)
            self.assertIn(text, error.getvalue())


class StepTest(unittest.TestCase):
    def test_gates_count_from_the_moment_at_which_all_have_asked(self) -> None:
        step = Step(1, 2)
        step.record_gates({"nextStep": "1 -> 2", "gates": [
            self.gate("drained", True), self.gate("new-indexes", False)]})
        step.asked_by_all = step.asked + 1
        step.mark_effective(step.asked + 9)
        found = {gate["gate"]: gate for gate in step.json()["gates"]}
        self.assertEqual(0, found["drained"]["waitSeconds"])
        self.assertAlmostEqual(8, found["new-indexes"]["waitSeconds"])
        self.assertAlmostEqual(8, step.json()["flipToEffectSeconds"])

    def test_a_gate_that_stays_closed_is_shown_so(self) -> None:
        step = Step(1, 2)
        status = {"nextStep": "1 -> 2", "gates": [self.gate("new-indexes", False)]}
        self.assertEqual(1, len(step.record_gates(status)))
        self.assertFalse(step.json()["gates"][0]["open"])
        self.assertIsNone(step.json()["effective"])

    def test_the_gates_of_another_step_are_not_its_own(self) -> None:
        step = Step(1, 2)
        status = {"nextStep": "2 -> 3", "gates": [self.gate("x", False)]}
        self.assertEqual([], step.record_gates(status))
        self.assertEqual([], step.json()["gates"])

    @staticmethod
    def gate(name: str, is_open: bool) -> JsonObject:
        return {"gate": name, "open": is_open, "reason": "because"}
