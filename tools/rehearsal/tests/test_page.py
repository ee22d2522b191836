from __future__ import annotations

import re
import unittest
import xml.etree.ElementTree as ElementTree

from harness.json_object import JsonObject
from rehearsal.charts import Chart, Line, TimeAxis, ValueAxis, render_figure
from rehearsal.page import render_page
from rehearsal.verdict import reach_verdict

NAMES = ("requests", "requestsPerSecond", "p50Ms", "p95Ms", "p99Ms", "maxMs", "errors", "lockWaits",
         "longestLockWaitMs", "ddlLockWaits", "longestDdlLockWaitMs", "slowestDiskWriteMs",
         "walBytesPerSecond", "backfillRowsPerSecond", "parityRowsPerSecond")


def report(buckets: int = 240) -> JsonObject:
    stages: list[JsonObject] = [
        {"name": name, "from": i * 100, "to": i * 100 + 100, "countsForP99": True,
         "requests": 1000, "requestsPerSecond": 10.0, "p50Ms": 1.0, "p95Ms": 2.0,
         "p99Ms": 3.0 + 9 * i, "maxMs": 40.0, "p99AsScheduledMs": None, "errors": 0}
        for i, name in enumerate(("baseline", "backfill <&>"))]
    traffic = {"requests": 2000, "failed": 1, "firstFailure": "<script>", "failedChecks": {},
               "writesUnanswered": 0, "ledgerChecked": 5, "ledgerDifferences": 0,
               "ledgerComplete": True}
    step = {"step": "0 -> 1", "asked": 90.0, "askedByAll": 92.0, "effective": 100.0,
            "drained": None, "flipToEffectSeconds": 8.0, "drainSeconds": None,
            "gates": [{"gate": "soak", "reason": "", "opened": None, "waitSeconds": 1.0,
                       "open": False}]}
    return {
        "verdict": reach_verdict(stages, traffic), "run": {"seconds": 200.0, "rows": 5},
        "stages": stages, "steps": [step], "traffic": traffic,
        "sizes": [{"endOf": "baseline", "tableBytes": 2**20, "indexBytes": 0, "databaseBytes": 0,
                   "walBytes": 0, "deadRows": 0}],
        "failures": {"groups": [{"stage": "backfill", "endpoint": "create", "error": "<b>",
                                 "count": 1}], "first": []},
        "events": [{"at": 1.0, "text": "instance 1 ended"}],
        "series": {"widthSeconds": 200 / buckets, "second": list(range(buckets)),
                   **{name: [1234.5 + i if i % 7 else None for i in range(buckets)]
                      for name in NAMES},
                   "memoryBytes": [[None, 10**9] for _ in range(buckets)]},
    }


class PageTest(unittest.TestCase):
    def test_stands_alone(self) -> None:
        text = render_page(report())
        self.assertNotRegex(text, r"<(script|link|img|iframe)|@import|url\(|https?://")
        self.assertLess(len(text), 300_000)

    def test_escapes_text_of_the_service(self) -> None:
        text = render_page(report())
        self.assertIn("backfill &lt;&amp;&gt;", text)
        self.assertNotIn("<b>1", text)
        self.assertNotIn("<script>", text)

    def test_says_the_verdict_and_the_slow_stage(self) -> None:
        text = render_page(report())
        self.assertIn("Not zero downtime", text)
        self.assertIn("soak CLOSED", text)
        self.assertIn("instance 1 ended", text)

    def test_every_chart_is_well_formed_and_marks_the_step(self) -> None:
        found = re.findall(r"<svg.*?</svg>", render_page(report()), re.S)
        self.assertEqual(9, len(found))
        for svg in found:
            ElementTree.fromstring(svg)
            self.assertIn('class="step"', svg)
            self.assertIn("0→1", svg)


class ChartTest(unittest.TestCase):
    def test_a_linear_axis_begins_at_zero_and_holds_the_highest(self) -> None:
        for top in (0.3, 1, 7, 99, 1234, 5_000_000):
            axis = ValueAxis(top, 100)
            self.assertEqual(0, axis.ticks[0])
            self.assertGreaterEqual(axis.high, top)
            self.assertLess(axis.y(top), axis.y(0))

    def test_a_logarithmic_axis_holds_both_ends(self) -> None:
        axis = ValueAxis(830, 100, True, 0.7)
        self.assertLessEqual(axis.ticks[0], 0.7)
        self.assertGreaterEqual(axis.ticks[-1], 830)

    def test_nothing_measured_is_an_empty_chart(self) -> None:
        chart = Chart("t", "u", [Line("n", "a", [None, None])], log=True)
        self.assertIn("<svg", render_figure(chart, TimeAxis(10, 5, [], [])))
