"""The page: one file, no script, nothing from elsewhere."""
from html import escape

from .charts import chart, clock
from .verdict import FACTOR, FEWEST
from .style import STYLE

MIB = 2**20


def page(report):
    verdict = report["verdict"]
    mood = "yes" if verdict["zeroDowntime"] else "no"
    parts = [
        f'<h1>Migration rehearsal</h1><p class="verdict {mood}">{escape(verdict["sentence"])}</p>',
        criteria(verdict), facts(report["run"]), charts(report), stages(report["stages"]),
        steps(report["steps"]), sizes(report["sizes"]), failures(report), reading(),
    ]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>Migration rehearsal: {"zero downtime" if mood == "yes" else "no"}</title>'
            f"<style>{STYLE}</style></head><body><main>\n" + "\n".join(parts)
            + "\n</main></body></html>\n")


def table(head, rows, classes=None, kind="figures"):
    """Cells are escaped here. In a table of figures all columns but the first are numbers."""
    classes = classes or [""] * len(rows)
    body = "".join(
        f'<tr class="{cls}">' + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row, cls in zip(rows, classes))
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    return (f'<div class="wide"><table class="{kind}"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def criteria(verdict):
    rows, classes = [], []
    for found in verdict["criteria"]:
        answer = "met" if found["met"] else "missed"
        rows.append((found["name"], answer if found["judged"] else f"not judged ({answer})",
                     found["detail"]))
        classes.append("" if found["met"] or not found["judged"] else "bad")
    return table(("criterion", "", "found"), rows, classes, "text")


def facts(run):
    rows = [(name, value) for name, value in run.items() if not isinstance(value, (dict, list))]
    return ("<details><summary>What was run</summary>" + table(("", ""), rows, kind="text")
            + "</details>")


def charts(report):
    data = report["series"]
    numbered = [s for s in report["stages"] if s["from"] is not None]
    # reading back at full speed would dwarf everything before it
    end = next((s["from"] for s in numbered if s["name"] == "final-ledger"), None)
    time = {"end": end or report["run"]["seconds"], "width": data["widthSeconds"],
            "steps": report["steps"],
            "stages": [{**s, "number": i + 1} for i, s in enumerate(numbered)
                       if not end or s["from"] < end]}
    whole = max(1, int(time["end"] / data["widthSeconds"]))
    data = {name: column[:whole] if isinstance(column, list) else column
            for name, column in data.items()}
    base = next((s["p99Ms"] for s in numbered if s["name"] == "baseline"), None)
    mib = [[None if v is None else v[i] and v[i] / MIB for v in data["memoryBytes"]]
           for i in range(len(data["memoryBytes"][0]))]
    return ("<h2>Over time</h2><p class=note>In minutes and seconds since the start of the "
            "baseline; the bands with numbers are the stages of the table below, the dashed lines "
            "the moments at which steps came into force.</p>") + "".join((
        chart("Latency", "ms", [("max", "d", data["maxMs"]), ("p99", "c", data["p99Ms"]),
                                ("p95", "b", data["p95Ms"]), ("p50", "a", data["p50Ms"])],
              time, 210, True, base and base * FACTOR),
        chart("Throughput", "requests/s", [("requests", "a", data["requestsPerSecond"])], time, 90),
        chart("Failed requests", f"in each {data['widthSeconds']} s",
              [("failed", "c", data["errors"])], time, 50),
        chart("Backfill and parity scan", "rows/s",
              [("backfill", "a", data["backfillRowsPerSecond"]),
               ("parity scan", "b", data["parityRowsPerSecond"])], time, 110),
        chart("Sessions waiting for a lock", "count, the most seen at once",
              [("service", "c", data["lockWaits"]),
               ("schema change", "b", data["ddlLockWaits"])], time, 60),
        chart("Longest wait for a lock seen", "ms",
              [("service", "c", data["longestLockWaitMs"]),
               ("schema change", "b", data["longestDdlLockWaitMs"])], time, 60),
        chart("Slowest small write that waited for the disk", "ms, a probe beside the database",
              [("write", "c", data["slowestDiskWriteMs"])], time, 60)
        if any(data["slowestDiskWriteMs"]) else "",
        chart("Write-ahead log", "MiB/s",
              [("WAL", "a", [None if v is None else v / MIB for v in data["walBytesPerSecond"]])],
              time, 90),
        chart("Resident memory", "MiB",
              [(f"instance {i + 1}", "abcd"[i % 4], values) for i, values in enumerate(mib)],
              time, 90),
    ))


def stages(entries):
    rows, classes, number = [], [], 0
    for entry in entries:
        warm = entry["from"] is None
        number += not warm
        rows.append((
            f"{'' if warm else number} {entry['name']}",
            "before" if warm else clock(entry["from"]), "" if warm else clock(entry["to"]),
            f"{entry['requests']:,}", show(entry["requestsPerSecond"], 0),
            *(show(entry[name], 1) for name in ("p50Ms", "p95Ms", "p99Ms", "maxMs",
                                                  "p99AsScheduledMs")),
            entry["errors"], ratio(entry)))
        over = entry.get("judged") and entry["ratio"] > FACTOR
        classes.append("bad" if over or entry["errors"] else
                       "faint" if not entry["countsForP99"] else "")
    head = ("stage", "from", "to", "requests", "req/s", "p50 ms", "p95 ms", "p99 ms", "max ms",
            "scheduled p99 ms", "errors", "p99 / baseline's")
    return "<h2>Stages</h2>" + table(head, rows, classes)


def ratio(entry):
    if not entry["countsForP99"]:
        return "excluded"
    text = show(entry["ratio"], 2)
    return text if entry["judged"] else f"{text} (too few)"


def show(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def steps(entries):
    rows = []
    for step in entries:
        waited = [f"{g['gate']} {g['waitSeconds']:.1f} s" if g["open"] else f"{g['gate']} CLOSED"
                  for g in step["gates"] if g["waitSeconds"] or not g["open"]]
        opened = len(step["gates"]) - len(waited)
        rows.append((step["step"].replace("->", "→"), clock(step["asked"]),
                     seconds(step, "flipToEffectSeconds"), seconds(step, "drainSeconds"),
                     ", ".join(waited) or "none", f"{opened} of {len(step['gates'])}"))
    head = ("step", "asked at", "in force after", "drained after", "gates waited for",
            "open when first seen")
    return ("<h2>Steps</h2>" + table(head, rows, kind="text")
            + "<p class=note>“In force after” and the gates' waits count from the moment at which "
            "the last instance's flags had changed.</p>")


def seconds(step, name):
    value = step[name]
    return "–" if value is None else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def sizes(entries):
    rows = [(e["endOf"], *(f"{e[name] / MIB:,.1f}" for name in (
        "tableBytes", "indexBytes", "databaseBytes", "walBytes")), f"{e['deadRows']:,}")
        for e in entries]
    head = ("at the end of", "table MiB", "its indexes MiB", "database MiB", "WAL written MiB",
            "dead rows")
    return "<h2>Sizes</h2>" + table(head, rows)


def failures(report):
    text = ""
    if report["failures"]["groups"]:
        rows = [(g["stage"], g["endpoint"], g["error"], f"{g['count']:,}")
                for g in report["failures"]["groups"]]
        text += "<h2>Failed requests</h2>" + table(
            ("stage", "endpoint", "error", "count"), rows, kind="text")
    if report["events"]:
        rows = [(clock(e["at"]), e["text"]) for e in report["events"]]
        text += "<h2>Events</h2>" + table(("at", ""), rows, kind="text")
    return text


def reading():
    return ("<h2>How to read it</h2><p>A request's time is k6's <code>http_req_duration</code>: "
            "from the first byte sent to the last byte received, without the connection's set-up. "
            "A request belongs to the stage in which it ended. Percentiles are taken over all requests "
            "of a stage or bucket that did not fail (nearest rank), never averaged; a stage with "
            f"fewer than {FEWEST} requests is not judged by its p99. The warm-up and the reading of "
            "the final ledger are another traffic and excluded from the p99 criterion. “Scheduled” "
            "counts from the moment at which a request was due, so that one that others held up "
            "counts in full. Waits for locks are looked at four times a second, so shorter ones may "
            "be missed. The disk's probe writes 8 KiB to a file of its own, ten times a second, and "
            "waits for it as a commit does: what stalls it stalls commits, whoever made the disk "
            "busy. The traffic, the instances and the commands share one machine; so does the "
            "database unless one was given.</p>")
