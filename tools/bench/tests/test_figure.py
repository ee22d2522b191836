from __future__ import annotations

import unittest

from bench.figure import Figure


class FigureTest(unittest.TestCase):
    def test_the_ratio_is_the_median_of_the_turns_ratios(self) -> None:
        figure = Figure("f", "1/s", [10, 20, 90], [10, 10, 30])
        self.assertEqual([1, 2, 3], figure.ratios())
        self.assertEqual(2, figure.ratio())

    def test_sides_of_different_lengths_are_compared_by_their_medians(self) -> None:
        self.assertEqual(2, Figure("f", "1/s", [10, 20, 30], [10]).ratio())

    def test_a_lower_goal(self) -> None:
        self.assertEqual("met", Figure("f", "1/s", [10], [10], 1).verdict())
        self.assertEqual("missed", Figure("f", "1/s", [9], [10], 1).verdict())

    def test_an_upper_goal(self) -> None:
        self.assertEqual("met", Figure("f", "ms", [10], [10], 1, upper=True).verdict())
        self.assertEqual("missed", Figure("f", "ms", [11], [10], 1, upper=True).verdict())

    def test_a_goal_of_the_worst_turn(self) -> None:
        sides = [1.0, 1.0, 3.0], [1.0, 1.0, 1.0]
        self.assertEqual("met", Figure("f", "ms", *sides, 2, upper=True).verdict())
        self.assertEqual("missed", Figure("f", "ms", *sides, 2, upper=True, worst=True).verdict())

    def test_a_goal_within_the_interval_is_within_the_noise(self) -> None:
        figure = Figure("f", "1/s", [8, 9, 10, 11, 12], [10] * 5, 1.01)
        self.assertEqual("missed, within the noise", figure.verdict())

    def test_fewer_than_five_turns_have_no_interval(self) -> None:
        self.assertIsNone(Figure("f", "1/s", [1, 2, 3, 4], [1] * 4).interval())
        self.assertIsNotNone(Figure("f", "1/s", [1, 2, 3, 4, 5], [1] * 5).interval())

    def test_without_a_goal_there_is_no_verdict(self) -> None:
        figure = Figure("f", "1/s", [1], [1])
        self.assertIsNone(figure.met())
        self.assertEqual("", figure.verdict())
