from __future__ import annotations

import unittest

from bench.constant_load import Request
from bench.pace import busy_share, compare_sides, draw_bars, next_rate, side_of


class PaceTest(unittest.TestCase):
    def test_half_load_is_found_by_the_share_of_busy_processors(self) -> None:
        self.assertEqual(1000, next_rate(400, 0.2))
        self.assertEqual(50, next_rate(60, 1.0))
        self.assertAlmostEqual(0.25, busy_share([0] * 8, [10, 5, 10, 70, 5, 0, 0, 0]))

    def test_rows_and_requests_count_by_the_second(self) -> None:
        side = side_of([(10.0, 100), (11.0, 300), (13.0, 1100)],
                       [Request(9.5, 99), Request(10.5, 1), Request(11.5, 3), Request(13.5, 99)])
        self.assertEqual([200, 400], side.rows)
        self.assertEqual([[1], [3]], side.millis)
        self.assertEqual({"rows": 300, "p99": 3}, side.measurement())

    def test_a_side_without_requests_has_no_p99(self) -> None:
        side = side_of([(10.0, 0), (11.0, 100)], [])
        self.assertEqual({"rows": 100}, side.measurement())
        self.assertEqual("- backfill only, rows/s, 100 to 100: `█`", side.note("backfill only"))

    def test_bars_begin_at_zero(self) -> None:
        self.assertEqual("▁▅█", draw_bars([0, 4, 8]))
        self.assertEqual("▁▁", draw_bars([0, 0]))

    def test_the_goals(self) -> None:
        figures = compare_sides(500, {
            "requests only": [{"rows": 0, "p99": 10}],
            "default pace": [{"rows": 4000, "p99": 11}],
            "fixed batches": [{"rows": 8000, "p99": 20}],
            "backfill only": [{"rows": 10000}]})
        self.assertEqual(["met", "", "met", ""], [figure.verdict() for figure in figures])
        self.assertEqual([1.1, 2, 0.4, 0.5], [round(figure.ratio(), 2) for figure in figures])


if __name__ == "__main__":
    unittest.main()
