"""bench and rehearsal share the harness and nothing else."""
from __future__ import annotations

import ast
import os
import unittest
from collections.abc import Iterator

TOOLS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGES = {"harness", "bench", "rehearsal"}
ALLOWED = {"harness": {"harness"}, "bench": {"bench", "harness"},
           "rehearsal": {"rehearsal", "harness"}}


def sources(package: str) -> Iterator[str]:
    for directory, _, names in os.walk(os.path.join(TOOLS, package)):
        yield from (os.path.join(directory, name) for name in names if name.endswith(".py"))


def imported_packages(source: str) -> set[str]:
    """The first part of each name that is imported absolutely."""
    with open(source, encoding="utf-8") as file:
        tree = ast.parse(file.read(), source)
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module or "")
    return {name.partition(".")[0] for name in names}


class ImportsTest(unittest.TestCase):
    def test_no_tool_imports_another_one(self) -> None:
        for package, allowed in ALLOWED.items():
            for source in sources(package):
                found = imported_packages(source) & PACKAGES
                self.assertLessEqual(
                    found, allowed, f"{source} imports {found - allowed}: put what both need "
                    "into harness")

    def test_every_package_is_looked_at(self) -> None:
        for package in PACKAGES:
            self.assertGreater(len(list(sources(package))), 5, package)

    def test_both_tools_use_the_harness(self) -> None:
        for package in ("bench", "rehearsal"):
            found = set().union(*(imported_packages(source) for source in sources(package)))
            self.assertIn("harness", found, package)

    def test_the_path_of_modules_is_not_changed(self) -> None:
        for package in PACKAGES:
            for source in sources(package):
                if source == os.path.abspath(__file__):
                    continue
                with open(source, encoding="utf-8") as file:
                    self.assertNotIn("sys.path", file.read(), source)
