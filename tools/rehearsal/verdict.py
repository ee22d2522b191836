"""What counts as zero downtime."""
from __future__ import annotations

from collections.abc import Sequence

from harness.json_object import JsonObject

CRITERIA = ("errors", "ledger", "p99")
LIMIT_FACTOR = 1.5
# with fewer requests the p99 is the slowest one and nothing else
LEAST_REQUESTS = 100
# that a sentence names
MOST_KEYS = 5


def reach_verdict(stages: Sequence[JsonObject], traffic: JsonObject,
                  judged: Sequence[str] = CRITERIA, reason: str | None = None) -> JsonObject:
    """The verdict over the stages; `reason` says why the migration was not completed."""
    baseline = add_ratios(stages)
    found = [judge_errors(traffic), judge_ledger(traffic), judge_p99(stages, baseline)]
    for criterion in found:
        criterion["judged"] = criterion["name"] in judged
    missed = [c for c in found if c["judged"] and not c["met"]]
    return {"zeroDowntime": not missed and reason is None, "completed": reason is None,
            "reason": reason, "sentence": format_verdict(found, missed, reason), "criteria": found}


def add_ratios(stages: Sequence[JsonObject]) -> JsonObject | None:
    """Sets each stage's ratio to the baseline, and whether it is judged by it; gives the
    baseline."""
    baseline = next((s for s in stages if s["name"] == "baseline"), None)
    base = baseline and baseline["p99Ms"]
    for stage in stages:
        stage["ratio"] = stage["p99Ms"] / base if base and stage["p99Ms"] is not None else None
        stage["judged"] = (stage["countsForP99"] and stage["ratio"] is not None
                           and stage["requests"] >= LEAST_REQUESTS)
    return baseline


def judge_errors(traffic: JsonObject) -> JsonObject:
    total, failed = traffic["requests"], traffic["failed"]
    detail = f"{failed:,} of {total:,} requests failed"
    if failed and traffic.get("firstFailure"):
        detail += f" (the first: {traffic['firstFailure']})"
    return {"name": "errors", "met": total > 0 and failed == 0, "detail": detail}


def judge_ledger(traffic: JsonObject) -> JsonObject:
    checked, differences = traffic["ledgerChecked"], traffic["ledgerDifferences"]
    detail = f"{differences:,} of {checked:,} ledger checks differ"
    lost = [f"key {key}: {text}" for key, text in traffic.get("lostKeys", {}).items()]
    if lost:
        detail += f" ({'; '.join(lost[:MOST_KEYS])}{'; ...' if len(lost) > MOST_KEYS else ''})"
    wrong = sum(traffic["failedChecks"].values())
    if wrong:
        detail += f", {wrong:,} answers were not as promised ({', '.join(traffic['failedChecks'])})"
    if traffic["writesUnanswered"]:
        detail += f", {traffic['writesUnanswered']:,} writes were never answered"
    if not traffic["ledgerComplete"]:
        detail += ", and the final reading was not finished"
    met = (checked > 0 and differences == 0 and not wrong and not traffic["writesUnanswered"]
           and traffic["ledgerComplete"])
    return {"name": "ledger", "met": met, "detail": detail}


def judge_p99(stages: Sequence[JsonObject], baseline: JsonObject | None) -> JsonObject:
    if baseline is None or baseline["requests"] < LEAST_REQUESTS or not baseline["p99Ms"]:
        count = baseline["requests"] if baseline else 0
        return {"name": "p99", "met": False,
                "detail": f"the baseline has {count} requests, too few for a p99"}
    judged = [s for s in stages if s["judged"] and s is not baseline]
    if not judged:
        return {"name": "p99", "met": False, "detail": "no stage has requests enough for a p99"}
    over = [s for s in judged if s["ratio"] > LIMIT_FACTOR]
    limit = f"{LIMIT_FACTOR} times the baseline's {baseline['p99Ms']:.1f} ms"
    if over:
        names = ", ".join(f"{s['name']} {s['ratio']:.2f} times{describe_stall(s, baseline)}"
                          for s in over)
        return {"name": "p99", "met": False, "detail": f"p99 above {limit}: {names}"}
    top = max(judged, key=lambda s: float(s["ratio"]))
    return {"name": "p99", "met": True,
            "detail": f"no stage's p99 above {limit} (the highest: {top['name']}, "
            f"{top['ratio']:.2f} times)"}


def describe_stall(stage: JsonObject, baseline: JsonObject) -> str:
    """Says so if the probe's write to the disk was as slow as the stage's requests."""
    disk = stage.get("slowestDiskWriteMs") or 0
    if disk <= LIMIT_FACTOR * baseline["p99Ms"]:
        return ""
    return f" (where the disk took {disk:.0f} ms for one small write of the probe)"


def format_verdict(found: Sequence[JsonObject], missed: Sequence[JsonObject],
                   reason: str | None) -> str:
    if reason is not None:
        return (f"The migration was not completed: {reason.rstrip('.')}. "
                f"Until then {found[0]['detail']}.")
    counted = [c for c in found if c["judged"]]
    text = ("Not zero downtime: " if missed else "Zero downtime: ")
    text += "; ".join(c["detail"] for c in (missed or counted)) + "."
    ignored = [c["name"] for c in found if not c["judged"]]
    if ignored:
        text += f" Not judged, by request: {', '.join(ignored)}."
    return text
