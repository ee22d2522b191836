from __future__ import annotations

import unittest

from rehearsal import figures
from rehearsal.samples import Samples
from rehearsal.timeline import Stage

HEAD = ("metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,"
        "name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata\n")


def line(metric: str, at: int, value: float, endpoint: str = "create", status: int = 201,
         error: str = "", check: str = "") -> str:
    expected = str(status == 201).lower()
    return (f"{metric},{at},{value},{check},{error},,{expected},,POST,n,HTTP/1.1,traffic,,{status}"
            f",,,u,endpoint={endpoint}&stage=baseline,\n")


class SamplesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.samples = Samples()
        self.samples.read([
            HEAD,
            line("http_req_duration", 100_500, 4.5), line("http_req_failed", 100_500, 0),
            line("http_req_duration", 101_500, 9.5, status=0),
            line("http_req_failed", 101_500, 1, status=0, error='"dial: refused, again"'),
            line("http_req_duration", 101_600, 700, endpoint="control"),
            line("http_req_failed", 101_600, 1, endpoint="control"),
            line("ledger_checked", 102_000, 3), line("ledger_checked", 102_000, 2),
            line("ledger_differences", 102_000, 1), line("checks", 102_000, 1, check="fine"),
            line("checks", 102_000, 0, check="wrong"),
            line("duration_as_scheduled", 100_600, 30),
            "http_req_duration,1",
        ])

    def test_times_what_did_not_fail_and_nothing_of_the_control(self) -> None:
        self.assertEqual([4.5], list(self.samples.millis))
        self.assertEqual([100.5], list(self.samples.times))
        self.assertEqual([{"at": 101.5, "endpoint": "create", "status": 0,
                           "error": "dial: refused, again"}], self.samples.failures)

    def test_counts_ledger_and_checks(self) -> None:
        self.assertEqual(5, self.samples.counters["ledger_checked"])
        self.assertEqual(1, self.samples.counters["ledger_differences"])
        self.assertEqual({"wrong": 1}, dict(self.samples.failed_checks))

    def test_a_request_belongs_to_the_stage_in_which_it_ended(self) -> None:
        stages = [Stage("baseline", 100, 101), Stage("expand", 101, 103)]
        first, second = figures.stage_figures(stages, self.samples, 100)
        self.assertEqual((1, 4.5, 0), (first["requests"], first["p99Ms"], first["errors"]))
        self.assertEqual((1, None, 1), (second["requests"], second["maxMs"], second["errors"]))
        self.assertEqual(0.5, second["requestsPerSecond"])
        self.assertEqual(30, first["p99AsScheduledMs"])

    def test_what_came_before_the_start_is_left_out(self) -> None:
        stages = [Stage("baseline", 101, 103)]
        self.assertEqual(1, figures.stage_figures(stages, self.samples, 101)[0]["requests"])


class SeriesTest(unittest.TestCase):
    def test_a_long_run_has_few_buckets(self) -> None:
        for seconds in (10, 500, 3600, 86_400, 1_000_000):
            self.assertLessEqual(seconds / figures.bucket_seconds(seconds), figures.MOST_BUCKETS)

    def test_rates_from_one_point_to_the_next(self) -> None:
        points = [{"at": at, "wal": wal, "lockWaits": waits, "ddlLockWaits": 0,
                   "longestLockWaitMs": 0.0, "longestDdlLockWaitMs": 0.0, "memory": [7],
                   "backfill": {"run": run, "rows": rows}}
                  for at, wal, waits, run, rows in (
                      (10, 0, 0, 1, 100), (11, 50, 2, 1, 300), (13, 150, 0, 4, 500))]
        data = figures.time_series(Samples(), points, 10, 14, 1)
        self.assertEqual([50, 50], data["walBytesPerSecond"])
        self.assertEqual([200, 250], data["backfillRowsPerSecond"])
        self.assertEqual([2, 0], data["lockWaits"])
        self.assertEqual([[7], [7]], data["memoryBytes"])
        self.assertEqual([None, None], data["p99Ms"])
