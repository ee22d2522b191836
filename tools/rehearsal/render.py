"""Renders the JSON of a report again: -m rehearsal.render report.json output, which ends in .html
for the page or in .svg for one picture."""
from __future__ import annotations

import json
import sys

from .page import render_page
from .picture import render_picture

RENDERERS = {"html": render_page, "svg": render_picture}


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[2].rpartition(".")[2] not in RENDERERS:
        sys.exit(__doc__)
    source, output = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        report = json.load(file)
    with open(output, "w", encoding="utf-8") as file:
        file.write(RENDERERS[output.rpartition(".")[2]](report))


if __name__ == "__main__":
    main()
