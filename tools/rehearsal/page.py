"""The report as a page: one file, without scripts, and nothing is loaded from elsewhere."""
from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from harness.json_object import JsonObject

from .charts import format_clock, render_figure
from .report_charts import MIB, all_charts, time_axis
from .style import PAGE_STYLE
from .verdict import LEAST_REQUESTS, LIMIT_FACTOR

NOT_MEASURED = "\N{EN DASH}"
EXPLANATION = f"""<h2>How to read it</h2>
<p>A request's time is k6's <code>http_req_duration</code>: from the first byte sent to the last
byte received, without the connection's set-up. That of traffic of one's own is from the call to the
last byte; where a fenced write of SQL is sent again, until it has written. A request belongs to the
stage in which it ended. Percentiles are taken over all requests of a stage or bucket that did not
fail (nearest rank), never averaged; a stage with fewer than {LEAST_REQUESTS} requests is not judged
by its p99. The warm-up and the reading of the final ledger are another traffic and excluded from
the p99 criterion. “Scheduled” counts from the moment at which a request was due, so that one that
others held up counts in full. Waits for locks are queried four times a second, so shorter ones may
be missed. The disk's probe writes 8 KiB to a file of its own, ten times a second, and waits for it
as a commit does: what stalls it stalls commits too. The traffic, the instances and the commands
share one machine; so does the database unless one was given.</p>"""


def render_page(report: JsonObject) -> str:
    verdict = report["verdict"]
    mood = "yes" if verdict["zeroDowntime"] else "no"
    parts = [
        f'<h1>Migration rehearsal</h1><p class="verdict {mood}">{escape(verdict["sentence"])}</p>',
        render_criteria(verdict), render_facts(report["run"]), render_charts(report),
        render_stages(report["stages"]), render_steps(report["steps"]),
        render_sizes(report["sizes"]), render_failures(report), EXPLANATION,
    ]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>Migration rehearsal: {"zero downtime" if mood == "yes" else "no"}</title>'
            f"<style>{PAGE_STYLE}</style></head><body><main>\n" + "\n".join(parts)
            + "\n</main></body></html>\n")


def render_table(head: Sequence[str], rows: Sequence[Sequence[Any]],
                 classes: Sequence[str] = (), kind: str = "figures") -> str:
    """Cells are escaped here. In a table of figures all columns but the first are numbers."""
    classes = classes or [""] * len(rows)
    body = "".join(
        f'<tr class="{cls}">' + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row, cls in zip(rows, classes))
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    return (f'<div class="wide"><table class="{kind}"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def render_criteria(verdict: JsonObject) -> str:
    rows, classes = [], []
    for found in verdict["criteria"]:
        answer = "met" if found["met"] else "missed"
        rows.append((found["name"], answer if found["judged"] else f"not judged ({answer})",
                     found["detail"]))
        classes.append("" if found["met"] or not found["judged"] else "bad")
    return render_table(("criterion", "", "found"), rows, classes, "text")


def render_facts(run: JsonObject) -> str:
    rows = [(name, value) for name, value in run.items() if not isinstance(value, (dict, list))]
    return ("<details><summary>What was run</summary>" + render_table(("", ""), rows, kind="text")
            + "</details>")


def render_charts(report: JsonObject) -> str:
    time = time_axis(report)
    return ("<h2>Over time</h2><p class=note>In minutes and seconds since the start of the "
            "baseline; the bands with numbers are the stages of the table below, the dashed lines "
            "the moments at which steps came into force.</p>"
            + "".join(render_figure(chart, time) for chart in all_charts(report, time)))


def render_stages(entries: Sequence[JsonObject]) -> str:
    rows, classes, number = [], [], 0
    for entry in entries:
        warm = entry["from"] is None
        number += not warm
        rows.append((
            f"{'' if warm else number} {entry['name']}",
            "before" if warm else format_clock(entry["from"]),
            "" if warm else format_clock(entry["to"]),
            f"{entry['requests']:,}", format_number(entry["requestsPerSecond"], 0),
            *(format_number(entry[name], 1)
              for name in ("p50Ms", "p95Ms", "p99Ms", "maxMs", "p99AsScheduledMs")),
            entry["errors"], format_ratio(entry)))
        over = entry.get("judged") and entry["ratio"] > LIMIT_FACTOR
        classes.append("bad" if over or entry["errors"] else
                       "faint" if not entry["countsForP99"] else "")
    head = ("stage", "from", "to", "requests", "req/s", "p50 ms", "p95 ms", "p99 ms", "max ms",
            "scheduled p99 ms", "errors", "p99 / baseline's")
    return "<h2>Stages</h2>" + render_table(head, rows, classes)


def format_ratio(entry: JsonObject) -> str:
    if not entry["countsForP99"]:
        return "excluded"
    text = format_number(entry["ratio"], 2)
    return text if entry["judged"] else f"{text} (too few)"


def format_number(value: float | None, digits: int) -> str:
    return NOT_MEASURED if value is None else f"{value:,.{digits}f}"


def render_steps(entries: Sequence[JsonObject]) -> str:
    rows = []
    for step in entries:
        waited = [f"{g['gate']} {g['waitSeconds']:.1f} s" if g["open"] else f"{g['gate']} CLOSED"
                  for g in step["gates"] if g["waitSeconds"] or not g["open"]]
        opened = len(step["gates"]) - len(waited)
        rows.append((step["step"].replace("->", "→"), format_clock(step["asked"]),
                     format_seconds(step["flipToEffectSeconds"]),
                     format_seconds(step["drainSeconds"]),
                     ", ".join(waited) or "none", f"{opened} of {len(step['gates'])}"))
    head = ("step", "asked at", "in force after", "drained after", "gates waited for",
            "open when first seen")
    return ("<h2>Steps</h2>" + render_table(head, rows, kind="text")
            + "<p class=note>“In force after” and the gates' waits count from the moment at which "
            "the last instance's flags had changed.</p>")


def format_seconds(value: float | None) -> str:
    if value is None:
        return NOT_MEASURED
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def render_sizes(entries: Sequence[JsonObject]) -> str:
    rows = [(e["endOf"], *(f"{e[name] / MIB:,.1f}" for name in (
        "tableBytes", "indexBytes", "databaseBytes", "walBytes")), f"{e['deadRows']:,}")
        for e in entries]
    head = ("at the end of", "table MiB", "its indexes MiB", "database MiB", "WAL written MiB",
            "dead rows")
    return "<h2>Sizes</h2>" + render_table(head, rows)


def render_failures(report: JsonObject) -> str:
    text = ""
    if report["failures"]["groups"]:
        groups = [(g["stage"], g["endpoint"], g["error"], f"{g['count']:,}")
                  for g in report["failures"]["groups"]]
        text += "<h2>Failed requests</h2>" + render_table(
            ("stage", "endpoint", "error", "count"), groups, kind="text")
    if report["events"]:
        events = [(format_clock(e["at"]), e["text"]) for e in report["events"]]
        text += "<h2>Events</h2>" + render_table(("at", ""), events, kind="text")
    return text
