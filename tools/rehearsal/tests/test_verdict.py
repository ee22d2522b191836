from __future__ import annotations

import unittest
from typing import Any

from harness.json_object import JsonObject
from rehearsal.figures import percentile
from rehearsal.verdict import reach_verdict


def stage(name: str, p99: float, requests: int = 1000, counts: bool = True) -> JsonObject:
    return {"name": name, "p99Ms": p99, "requests": requests, "countsForP99": counts}


def traffic(**changes: Any) -> JsonObject:
    return {"requests": 2000, "failed": 0, "firstFailure": None, "failedChecks": {},
            "writesUnanswered": 0, "ledgerChecked": 50, "ledgerDifferences": 0,
            "ledgerComplete": True, **changes}


def good_stages() -> list[JsonObject]:
    return [stage("baseline", 10.0), stage("backfill", 15.0)]


class PercentileTest(unittest.TestCase):
    def test_nearest_rank(self) -> None:
        values = list(range(1, 101))
        self.assertEqual(50, percentile(values, 0.5))
        self.assertEqual(95, percentile(values, 0.95))
        self.assertEqual(99, percentile(values, 0.99))
        self.assertEqual(100, percentile(values, 1))

    def test_few_values(self) -> None:
        self.assertEqual(7, percentile([7], 0.5))
        self.assertEqual(9, percentile([7, 9], 0.99))
        self.assertEqual(7, percentile([7, 9], 0.5))
        self.assertIsNone(percentile([], 0.5))


class VerdictTest(unittest.TestCase):
    def test_yes_at_the_very_limit(self) -> None:
        found = reach_verdict(good_stages(), traffic())
        self.assertTrue(found["zeroDowntime"])
        self.assertIn("0 of 2,000 requests failed", found["sentence"])
        self.assertIn("0 of 50 ledger checks differ", found["sentence"])
        self.assertIn("backfill, 1.50 times", found["sentence"])

    def test_one_failed_request_is_no(self) -> None:
        self.assert_no(traffic(failed=1, firstFailure="create: refused"), "create: refused")

    def test_no_request_at_all_is_no(self) -> None:
        self.assert_no(traffic(requests=0), "0 of 0 requests")

    def test_one_difference_is_no(self) -> None:
        self.assert_no(traffic(ledgerDifferences=1), "1 of 50 ledger checks differ")

    def test_names_the_keys_that_are_lost(self) -> None:
        lost = {str(key): "acknowledged 'paid', the new side has 'new' in phase 2"
                for key in range(7)}
        self.assert_no(traffic(ledgerDifferences=7, lostKeys=lost),
                       "7 of 50 ledger checks differ (key 0: acknowledged 'paid', the new side has "
                       "'new' in phase 2; key 1: ")

    def test_an_unchecked_ledger_is_no(self) -> None:
        self.assert_no(traffic(ledgerChecked=0), "0 of 0 ledger")
        self.assert_no(traffic(ledgerComplete=False), "not finished")

    def test_a_wrong_answer_is_no(self) -> None:
        self.assert_no(traffic(failedChecks={"replay: same": 2}), "replay: same")
        self.assert_no(traffic(writesUnanswered=1), "never answered")

    def test_a_slow_stage_says_when_the_disk_was_as_slow(self) -> None:
        slow = stage("backfill", 40.0)
        text = "(where the disk took 350 ms"
        self.assertNotIn(text, self.sentence_of_a_miss([stage("baseline", 10.0), slow]))
        slow["slowestDiskWriteMs"] = 14.9
        self.assertNotIn("where the disk", self.sentence_of_a_miss([stage("baseline", 10.0), slow]))
        slow["slowestDiskWriteMs"] = 350.2
        self.assertIn(text, self.sentence_of_a_miss([stage("baseline", 10.0), slow]))

    @staticmethod
    def sentence_of_a_miss(stages: list[JsonObject]) -> str:
        found = reach_verdict(stages, traffic())
        assert not found["zeroDowntime"]
        return str(found["sentence"])

    def assert_no(self, found: JsonObject, words: str) -> None:
        answer = reach_verdict(good_stages(), found)
        self.assertFalse(answer["zeroDowntime"])
        self.assertTrue(answer["sentence"].startswith("Not zero downtime: "), answer["sentence"])
        self.assertIn(words, answer["sentence"])

    def test_says_which_stage_is_slow(self) -> None:
        stages = [*good_stages(), stage("contract", 15.1)]
        found = reach_verdict(stages, traffic())
        self.assertFalse(found["zeroDowntime"])
        self.assertIn("contract 1.51 times", found["sentence"])
        self.assertNotIn("backfill", found["sentence"])

    def test_excluded_and_short_stages_are_not_judged_by_their_p99(self) -> None:
        stages = [*good_stages(), stage("final-ledger", 900.0, counts=False),
                  stage("reverse-backfill", 900.0, requests=99)]
        self.assertTrue(reach_verdict(stages, traffic())["zeroDowntime"])
        self.assertFalse(stages[2]["judged"])
        self.assertFalse(stages[3]["judged"])

    def test_a_baseline_too_short_is_no(self) -> None:
        for stages in ([], [stage("baseline", 10.0, requests=99), stage("backfill", 10.0)],
                       [stage("baseline", 10.0)]):
            self.assertFalse(reach_verdict(stages, traffic())["zeroDowntime"])

    def test_says_what_was_not_judged(self) -> None:
        stages = [*good_stages(), stage("contract", 99.0)]
        found = reach_verdict(stages, traffic(), ["errors", "ledger"])
        self.assertTrue(found["zeroDowntime"])
        self.assertIn("Not judged, by request: p99", found["sentence"])
        self.assertFalse(reach_verdict(stages, traffic(failed=1), ["errors"])["zeroDowntime"])

    def test_a_migration_that_stopped_is_no(self) -> None:
        found = reach_verdict(good_stages(), traffic(), reason="gate soak is closed")
        self.assertFalse(found["zeroDowntime"])
        self.assertFalse(found["completed"])
        self.assertEqual("The migration was not completed: gate soak is closed. "
                         "Until then 0 of 2,000 requests failed.", found["sentence"])
