"""The k6 process and what it measures, read while it runs."""
import csv
import os
import threading
from array import array
from collections import Counter

from harness import service

SCRIPT = os.path.join(service.ROOT, "k6", "migration.js")
# every wait of the driver has a bound of its own: this one only ends what was forgotten
LONGEST = "24h"
# 99: a threshold was crossed, which the verdict judges by itself
ENDED_WELL = (0, 99)


class Samples:
    """What requests took that did not fail. Written by one thread, read when that has ended."""

    def __init__(self):
        self.times = array("d")
        self.millis = array("d")
        self.scheduled_times = array("d")
        self.scheduled_millis = array("d")
        self.failures = []
        self.failed_checks = Counter()
        self.counters = {"ledger_checked": 0, "ledger_differences": 0, "writes_unanswered": 0,
                         "dropped_iterations": 0}

    def read(self, lines):
        rows = csv.reader(lines)
        column = {name: i for i, name in enumerate(next(rows, []))}
        for row in rows:
            if len(row) >= len(column):
                self.note(row, column)

    def note(self, row, column):
        metric = row[column["metric_name"]]
        if metric in self.counters:
            self.counters[metric] += round(float(row[column["metric_value"]]))
        elif metric == "checks":
            if not float(row[column["metric_value"]]):
                self.failed_checks[row[column["check"]]] += 1
        elif metric == "duration_as_scheduled":
            self.scheduled_times.append(float(row[column["timestamp"]]) / 1000)
            self.scheduled_millis.append(float(row[column["metric_value"]]))
        elif metric in ("http_req_duration", "http_req_failed"):
            tags = row[column["extra_tags"]].split("&")
            if "endpoint=control" not in tags:
                at = float(row[column["timestamp"]]) / 1000
                self.request(metric, at, float(row[column["metric_value"]]), row, column, tags)

    def request(self, metric, at, value, row, column, tags):
        if metric == "http_req_duration":
            # a refused connection takes no time: it would make the percentiles look better
            if row[column["expected_response"]] != "false":
                self.times.append(at)
                self.millis.append(value)
        elif value:
            endpoint = next((t[9:] for t in tags if t.startswith("endpoint=")), row[column["url"]])
            status, error = row[column["status"]], row[column["error"]]
            self.failures.append({"at": at, "endpoint": endpoint, "status": int(status or 0),
                                  "error": error or f"status {status}"})


class Traffic:
    def __init__(self, owned, k6, control, options, name, rate):
        self.owned = owned
        self.samples = Samples()
        self.summary = os.path.join(options.out, f"{name}-k6.json")
        pipe = os.path.join(owned.directory, f"{name}.csv")
        os.mkfifo(pipe)
        self.reader = threading.Thread(target=self.read, args=(pipe,), daemon=True)
        self.reader.start()
        self.log = os.path.join(options.out, f"{name}-k6.log")
        self.control = control
        with open(self.log, "wb") as log:
            self.process = owned.start(
                [k6, "run", "--quiet", "--no-usage-report", "--out", f"csv={pipe}",
                 options.script], stdout=log, stderr=log, cwd=options.out,
                env=service.environment(
                    CONTROL_URL=control.url, SUMMARY=self.summary, USERS=str(options.users),
                    RATE=str(rate), DURATION=LONGEST, BASE_URL=options.base_url,
                    K6_CSV_TIME_FORMAT="unix_milli", K6_CSV_SAVE_INTERVAL="500ms"))

    def read(self, pipe):
        with open(pipe, encoding="utf-8", newline="") as lines:
            self.samples.read(lines)

    def alive(self):
        return self.process.poll() is None

    def ended(self):
        """After the end of the process: whether every user has read its ledger back."""
        self.reader.join(30)
        self.owned.processes.remove(self.process)
        return (self.control.done and self.process.returncode in ENDED_WELL
                and os.path.exists(self.summary))

    def stop(self):
        if self.process in self.owned.processes:
            self.owned.stop(self.process)
            self.reader.join(30)
