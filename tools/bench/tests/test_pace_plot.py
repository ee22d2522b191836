from __future__ import annotations

import os
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from collections import Counter

from bench.pace import compare_sides
from bench.pace_plot import ceil_to, read_paces, ticks, write_plot
from harness.json_object import JsonObject

SVG = "{http://www.w3.org/2000/svg}"


def run_of(p99: list[float]) -> JsonObject:
    figures = compare_sides(500, {
        "requests only": [{"rows": 0, "p99": 10} for _ in p99],
        "default pace": [{"rows": 4000, "p99": each} for each in p99],
        "fixed batches": [{"rows": 2000, "p99": 20} for _ in p99],
        "backfill only": [{"rows": 10000} for _ in p99]})
    return {"parts": ["pace"], "machine": {"date": "2026-11-30 19:25 UTC", "CPU": "one & another"},
            "figures": [figure.json() for figure in figures]}


class PacePlotTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "pace.svg")

    def draw(self, *runs: JsonObject) -> ElementTree.Element:
        self.assertEqual([self.path], write_plot(runs, self.path))
        return ElementTree.parse(self.path).getroot()

    def test_each_pace_is_a_point_of_two_ratios(self) -> None:
        default, fixed = read_paces(run_of([11, 12, 13])["figures"])
        self.assertEqual((0.4, 1.2), default.point())
        self.assertEqual((0.2, 2), fixed.point())
        self.assertEqual([(0.4, 1.1), (0.4, 1.2), (0.4, 1.3)], default.turns())

    def test_a_turn_is_a_dot_and_the_median_a_larger_one(self) -> None:
        circles = self.draw(run_of([11, 12, 13])).findall(f"{SVG}circle")
        # two of them explain the colors
        self.assertEqual({"4": 6, "7": 2, "5": 2}, Counter(each.get("r") for each in circles))
        self.assertEqual(4, len(self.draw(run_of([11])).findall(f"{SVG}circle")))

    def test_it_says_in_words_what_it_shows(self) -> None:
        said = self.draw(run_of([11])).findtext(f"{SVG}desc") or ""
        self.assertIn("the default pace: p99 1.10 times, 40% of the free rate", said)
        self.assertIn("the goals are at most 1.2 times and at least 30%", said)

    def test_every_point_is_within_the_axes(self) -> None:
        for p99 in ([1.0], [300.0]):
            root = self.draw(run_of(p99))
            for circle in root.findall(f"{SVG}circle"):
                self.assertTrue(0 < float(circle.get("cx", "0")) < float(root.get("width", "0")))
                self.assertTrue(0 < float(circle.get("cy", "0")) < float(root.get("height", "0")))

    def test_the_newest_run_of_the_part_counts(self) -> None:
        other: JsonObject = {"figures": [{"what": "p50 of GET", "unit": "ms"}]}
        newest = run_of([12])
        said = self.draw(run_of([11]), newest, other).findtext(f"{SVG}desc") or ""
        self.assertIn("p99 1.20 times", said)

    def test_without_such_a_run_nothing_is_written(self) -> None:
        self.assertEqual([], write_plot([{"figures": []}], self.path))
        self.assertFalse(os.path.exists(self.path))

    def test_ticks_are_multiples_of_a_step(self) -> None:
        self.assertEqual([0.8, 1.0, 1.2], [round(each, 6) for each in ticks(0.8, 1.2, 0.2)])
        self.assertAlmostEqual(0.4, ceil_to(0.31, 0.1))


if __name__ == "__main__":
    unittest.main()
