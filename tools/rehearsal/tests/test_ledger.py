from __future__ import annotations

import threading
import time
import unittest

from rehearsal.client import Answer
from rehearsal.ledger import Ledger
from rehearsal.own_scenario import name_keys
from rehearsal.script import Statement, parse_script
from rehearsal.script_traffic import FailureLog, ScriptTraffic, ScriptTrafficGenerator
from rehearsal.stage_server import StageServer
from rehearsal.tests.test_script import SQL


class LedgerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.ledger = Ledger(2)
        self.ledger.load([("1", "pending"), ("2", None), ("3", "paid")])

    def test_keys_belong_to_one_user_each(self) -> None:
        self.assertTrue(self.ledger.created(1, "4", "new"))
        self.assertFalse(self.ledger.created(0, "4", "again"))
        self.assertEqual({"1": "pending", "2": None, "3": "paid", "4": "new"},
                         dict(self.ledger.entries()))
        self.assertEqual(["4"], [entry.key for entry in self.ledger.written_by(1)])
        self.assertEqual([], self.ledger.written_by(0))

    def test_a_write_of_unknown_outcome_is_forgotten(self) -> None:
        for _ in range(2):
            entry = self.ledger.begin_write(0)
            assert entry is not None
            self.ledger.forget(entry)
        self.assertEqual([("2", None)], self.ledger.entries())
        self.assertIsNone(self.ledger.begin_write(0))

    def test_a_key_that_is_held_is_not_written(self) -> None:
        self.assertEqual(["2"], [entry.key for entry in self.ledger.hold(["2", "9"], 0)])
        self.assertIsNone(self.ledger.begin_write(1))
        self.ledger.release(["2", "9"])
        self.assertIsNotNone(self.ledger.begin_write(1))

    def test_a_check_waits_for_the_write_in_flight(self) -> None:
        entry = self.ledger.begin_write(1)
        assert entry is not None
        self.assertEqual([], self.ledger.hold(["2"], 0))
        writer = threading.Thread(target=lambda: self.ledger.end_write(entry, "shipped"))
        writer.start()
        self.assertEqual([entry], self.ledger.hold(["2"], 30))
        writer.join()
        self.assertEqual("acknowledged 'shipped'", entry.promise())

    def test_a_key_counts_once(self) -> None:
        self.ledger.record_difference("1", "first")
        self.ledger.record_difference("1", "later")
        self.assertEqual({"1": "first"}, self.ledger.differences)

    def test_a_sentence_names_the_first_keys(self) -> None:
        self.assertEqual("a, b", name_keys(["a", "b"]))
        self.assertEqual("0, 1, 2, 3, 4 and 2 more", name_keys(str(i) for i in range(7)))


class Rows:
    """A table of clients that loses each change from the moment at which it is told to."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.loses = False
        self.lock = threading.Lock()

    def send(self, statement: Statement, key: str, value: str) -> Answer:
        with self.lock:
            if statement.kind == "create":
                key = str(len(self.values))
                self.values[key] = value
                return Answer(key=key)
            if statement.kind == "read":
                return Answer(value=self.values[key])
            if not self.loses:
                self.values[key] = value
            return Answer()

    def close(self) -> None:
        """Nothing is open."""


class ScriptTrafficTest(unittest.TestCase):
    def setUp(self) -> None:
        self.rows, self.ledger = Rows(), Ledger(3)
        self.server = StageServer("test")
        self.addCleanup(self.server.close)

    def start(self) -> ScriptTraffic:
        script = parse_script("t.sql", "sql", SQL.splitlines())
        generator = ScriptTrafficGenerator(script, self.ledger, 3, lambda: self.rows,
                                           FailureLog("/dev/null"))
        return generator.start(self.server, "traffic", 3000)

    def end(self, traffic: ScriptTraffic) -> None:
        self.server.done = True
        for user in traffic._users:
            user.join(30)
        self.assertTrue(traffic.finish())

    def await_acknowledged(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while sum(len(self.ledger.written_by(user)) for user in range(3)) < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_everything_acknowledged_is_read_back(self) -> None:
        traffic = self.start()
        self.await_acknowledged(50)
        self.end(traffic)
        self.assertEqual({}, self.ledger.differences)
        self.assertEqual(self.rows.values, dict(self.ledger.entries()))
        self.assertGreaterEqual(self.ledger.checked, 50)
        self.assertEqual([], traffic.samples.failures)

    def test_a_lost_write_is_found_and_named(self) -> None:
        traffic = self.start()
        self.await_acknowledged(20)
        self.rows.loses = True
        self.await_acknowledged(60)
        self.end(traffic)
        self.assertNotEqual({}, self.ledger.differences)
        for key, text in self.ledger.differences.items():
            self.assertIn(self.rows.values[key], text)
            self.assertRegex(text, "^acknowledged 'p.+', a client read 'p.+' in test$")
