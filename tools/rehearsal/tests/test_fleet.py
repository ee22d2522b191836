import argparse
import json
import os
import tempfile
import unittest
import urllib.parse
import urllib.request

from rehearsal.stage_server import Control
from rehearsal.database import Database, environment
from rehearsal.errors import Usage
from rehearsal.fleet import NAMES, OWN, Flags
from rehearsal.options import setting
from rehearsal.steps import Step


class FlagsTest(unittest.TestCase):
    def test_all_files_come_from_one_version(self):
        with tempfile.TemporaryDirectory() as parent:
            directory = os.path.join(parent, "flags")
            flags = Flags(directory)
            self.assertEqual(["false", "false", "false"], self.read(directory))
            flags.set(2)
            self.assertEqual(["true", "true", "true"], self.read(directory))
            flags.set(3)
            self.assertEqual(["false", "true", "true"], self.read(directory))
            self.assertTrue(os.path.islink(os.path.join(directory, "..data")))
            self.assertEqual({"..data", "..v3", *NAMES}, set(os.listdir(directory)))

    @staticmethod
    def read(directory):
        found = []
        for name in NAMES:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                found.append(file.read())
        return found


class ControlTest(unittest.TestCase):
    def test_says_stage_and_end(self):
        control = Control("baseline")
        try:
            self.assertEqual({"stage": "baseline", "done": False}, self.ask(control))
            control.stage, control.done = "after", True
            self.assertEqual({"stage": "after", "done": True}, self.ask(control))
        finally:
            control.close()

    @staticmethod
    def ask(control):
        with urllib.request.urlopen(control.url, timeout=5) as answer:
            return json.load(answer)


class DatabaseTest(unittest.TestCase):
    def test_the_url_for_psql(self):
        url = "postgresql://me%40x:p%2Fw@db.example:6000/shop?sslmode=require&options=-c%20a%3Db"
        self.assertEqual(
            {"PGHOST": "db.example", "PGPORT": "6000", "PGUSER": "me@x", "PGPASSWORD": "p/w",
             "PGDATABASE": "shop", "PGSSLMODE": "require", "PGOPTIONS": "-c a=b"},
            environment(urllib.parse.urlsplit(url)))

    def test_the_database_is_the_users_where_none_is_named(self):
        found = environment(urllib.parse.urlsplit("postgresql://me@db"))
        self.assertEqual(("me", "5432"), (found["PGDATABASE"], found["PGPORT"]))
        self.assertNotIn("PGPASSWORD", found)

    def test_no_secret_is_shown(self):
        self.assertEqual("db:5432/x", Database("postgresql://u:secret@db/x").shown)

    def test_another_scheme_is_refused(self):
        with self.assertRaises(Usage):
            Database("mysql://u@db/x")


class OptionsTest(unittest.TestCase):
    def test_a_setting_of_the_service(self):
        self.assertEqual(("A", "b=c"), setting("A=b=c"))

    def test_refuses_what_is_none_or_the_rehearsals_own(self):
        for text in ("A", "=b", *(f"{name}=x" for name in OWN)):
            with self.assertRaises(argparse.ArgumentTypeError, msg=text):
                setting(text)


class StepTest(unittest.TestCase):
    def test_gates_count_from_the_moment_at_which_all_have_asked(self):
        step = Step(1, 2)
        step.see({"nextStep": "1 -> 2", "gates": [self.gate("drained", True),
                                                 self.gate("new-indexes", False)]})
        step.reached = step.asked + 1
        step.done(step.asked + 9)
        found = {gate["gate"]: gate for gate in step.json()["gates"]}
        self.assertEqual(0, found["drained"]["waitSeconds"])
        self.assertAlmostEqual(8, found["new-indexes"]["waitSeconds"])
        self.assertAlmostEqual(8, step.json()["flipToEffectSeconds"])

    def test_a_gate_that_stays_closed_is_shown_so(self):
        step = Step(1, 2)
        status = {"nextStep": "1 -> 2", "gates": [self.gate("new-indexes", False)]}
        self.assertEqual(1, len(step.see(status)))
        self.assertFalse(step.json()["gates"][0]["open"])
        self.assertIsNone(step.json()["effective"])

    def test_the_gates_of_another_step_are_not_its_own(self):
        step = Step(1, 2)
        self.assertEqual([], step.see({"nextStep": "2 -> 3", "gates": [self.gate("x", False)]}))
        self.assertEqual([], step.json()["gates"])

    @staticmethod
    def gate(name, is_open):
        return {"gate": name, "open": is_open, "reason": "because"}


if __name__ == "__main__":
    unittest.main()
