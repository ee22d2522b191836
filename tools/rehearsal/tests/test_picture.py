from __future__ import annotations

import copy
import glob
import json
import os
import unittest
import xml.etree.ElementTree as ElementTree

from harness.program import ROOT
from rehearsal.picture import render_picture
from rehearsal.tests.test_page import report

RECORDED = os.path.join(ROOT, "docs", "rehearsal")


class PictureTest(unittest.TestCase):
    def test_is_a_file_of_its_own(self) -> None:
        text = render_picture(report())
        ElementTree.fromstring(text)
        self.assertNotRegex(text.replace("http://www.w3.org/2000/svg", ""),
                            r"<(script|image|use|foreignObject)|@import|url\(|https?://")

    def test_says_the_verdict(self) -> None:
        text = render_picture(report())
        self.assertIn("Not zero downtime", text)
        self.assertIn('class="verdict no"', text)

    def test_escapes_text_of_the_service(self) -> None:
        self.assertNotIn("<script>", render_picture(report()))

    def test_has_no_chart_of_a_disk_that_was_not_probed(self) -> None:
        with_probe = report()
        without = copy.deepcopy(with_probe)
        count = len(without["series"]["slowestDiskWriteMs"])
        without["series"]["slowestDiskWriteMs"] = [None] * count
        self.assertIn("waited for the disk", render_picture(with_probe))
        self.assertNotIn("waited for the disk", render_picture(without))

    def test_the_pictures_of_the_docs_are_those_of_their_reports(self) -> None:
        reports = glob.glob(os.path.join(RECORDED, "*.json"))
        self.assertTrue(reports)
        for path in reports:
            with open(path, encoding="utf-8") as file:
                expected = render_picture(json.load(file))
            with open(path[:-len("json")] + "svg", encoding="utf-8") as file:
                self.assertEqual(
                    expected, file.read(), f"render {path} again: cd tools && python3 -m "
                    "rehearsal.render <report>.json <report>.svg")
